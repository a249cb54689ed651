import "./OverMemory.js"
import "../../net/outputLimits.test.js"
