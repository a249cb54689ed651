import "./OverMemory.js"
import "../../libraries/scripted.test.js"
