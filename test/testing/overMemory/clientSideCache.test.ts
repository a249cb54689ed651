import "./OverMemory.js"
import "../../libraries/clientSideCache.test.js"
