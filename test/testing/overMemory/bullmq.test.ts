import "./OverMemory.js"
import "../../libraries/bullmq.test.js"
