/** All commands as methods. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Kind } from "../Kind.js"
import type { BitmapMethods } from "./bitmap.js"
import type { ConnectionMethods } from "./connection.js"
import type { GenericMethods } from "./generic.js"
import type { GeoMethods } from "./geo.js"
import type { HashMethods } from "./hash.js"
import type { HyperloglogMethods } from "./hyperloglog.js"
import type { ListMethods } from "./list.js"
import type { PubsubMethods } from "./pubsub.js"
import type { ScriptingMethods } from "./scripting.js"
import type { ServerMethods } from "./server.js"
import type { SetMethods } from "./set.js"
import type { SortedSetMethods } from "./sorted-set.js"
import type { StreamMethods } from "./stream.js"
import type { StringMethods } from "./string.js"

export type { SessionMethods } from "./session.js"

/** `T` is what strings come as, `K` what a call gives. */
export interface Methods<T, K extends Kind>
  extends
    BitmapMethods<K>,
    ConnectionMethods<T, K>,
    GenericMethods<T, K>,
    GeoMethods<T, K>,
    HashMethods<T, K>,
    HyperloglogMethods<K>,
    ListMethods<T, K>,
    PubsubMethods<T, K>,
    ScriptingMethods<T, K>,
    ServerMethods<T, K>,
    SetMethods<T, K>,
    SortedSetMethods<T, K>,
    StreamMethods<T, K>,
    StringMethods<T, K> {}
