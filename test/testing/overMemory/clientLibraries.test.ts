import "./OverMemory.js"
import "../../net/clientLibraries.test.js"
