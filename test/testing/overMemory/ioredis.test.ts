import "./OverMemory.js"
import "../../libraries/ioredis.test.js"
