import "./OverMemory.js"
import "../../engine/connectionScripts.test.js"
