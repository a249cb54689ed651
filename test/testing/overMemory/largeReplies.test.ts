import "./OverMemory.js"
import "../../net/largeReplies.test.js"
