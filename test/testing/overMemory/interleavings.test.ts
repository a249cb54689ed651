import "./OverMemory.js"
import "../../engine/interleavings.test.js"
