import "./OverMemory.js"
import "../../libraries/stores.test.js"
