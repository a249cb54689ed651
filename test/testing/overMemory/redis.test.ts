import "./OverMemory.js"
import "../../libraries/redis.test.js"
