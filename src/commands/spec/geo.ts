/** Declarations: geospatial indexes. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const GEOADD = spec({
  name: "geoadd",
  arity: -5,
  group: "geo",
  since: "3.2.0",
  summary: "Adds members at positions given by longitude and latitude.",
  complexity: "O(log(N)) a member, N being the members of the index.",
  flags: ["write", "denyoom"],
  acl: ["geo"],
  keys: "RW update @1",
  args:
    "key#0 [condition(NX|XX)@6.2.0] [CH=change:token@6.2.0] " +
    "longitude_latitude_member{longitude:double latitude:double member}...",
  history: ["6.2.0 Took the options `CH`, `NX` and `XX`."],
  brief: 8,
})

export const GEODIST = spec({
  name: "geodist",
  arity: -4,
  group: "geo",
  since: "3.2.0",
  summary: "Measures the distance between two members.",
  complexity: "O(log(N))",
  flags: ["readonly"],
  acl: ["geo"],
  keys: "RO access @1",
  args: "key#0 member1 member2 [unit(M|KM|FT|MI)]",
  brief: 8,
})

export const GEOHASH = spec({
  name: "geohash",
  arity: -2,
  group: "geo",
  since: "3.2.0",
  summary: "Encodes the positions of members as geohash text.",
  complexity: "O(log(N)) a member, N being the members of the index.",
  flags: ["readonly"],
  acl: ["geo"],
  keys: "RO access @1",
  args: "key#0 member...",
  brief: 8,
})

export const GEOPOS = spec({
  name: "geopos",
  arity: -2,
  group: "geo",
  since: "3.2.0",
  summary: "Reads the longitude and latitude of members.",
  complexity: "O(N) in the members named.",
  flags: ["readonly"],
  acl: ["geo"],
  keys: "RO access @1",
  args: "key#0 member...",
  brief: 8,
})

export const GEORADIUS = spec({
  name: "georadius",
  arity: -6,
  group: "geo",
  since: "3.2.0",
  summary: "Finds or stores the members within a distance of a point.",
  complexity: "O(N+log(M)) for N members in the box around the circle and M in the index.",
  flags: ["write", "denyoom", "movablekeys"],
  acl: ["geo"],
  keys: "RO access @1; OW update @STORE>6; OW update @STOREDIST>6",
  args:
    "key#0 longitude:double latitude:double radius:double unit(M|KM|FT|MI) [WITHCOORD] " +
    "[WITHDIST] [WITHHASH] [count{COUNT=count:int [ANY@6.2.0]}] [order(ASC|DESC)] " +
    "[STORE=key#1] [STOREDIST=key#2]",
  history: ["6.2.0 Took the option `ANY` of `COUNT`.", "7.0.0 Units may be written in upper case."],
  deprecated: { since: "6.2.0", use: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument" },
})

export const GEORADIUS_RO = spec({
  name: "georadius_ro",
  arity: -6,
  group: "geo",
  since: "3.2.10",
  summary: "Finds the members within a distance of a point; it cannot store.",
  complexity: "O(N+log(M)) for N members in the box around the circle and M in the index.",
  flags: ["readonly"],
  acl: ["geo"],
  keys: "RO access @1",
  args:
    "key#0 longitude:double latitude:double radius:double unit(M|KM|FT|MI) [WITHCOORD] " +
    "[WITHDIST] [WITHHASH] [count{COUNT=count:int [ANY@6.2.0]}] [order(ASC|DESC)]",
  history: ["6.2.0 Took the option `ANY` of `COUNT`."],
  deprecated: { since: "6.2.0", use: "`GEOSEARCH` with the `BYRADIUS` argument" },
})

export const GEORADIUSBYMEMBER = spec({
  name: "georadiusbymember",
  arity: -5,
  group: "geo",
  since: "3.2.0",
  summary: "Finds or stores the members within a distance of a member.",
  complexity: "O(N+log(M)) for N members in the box around the circle and M in the index.",
  flags: ["write", "denyoom", "movablekeys"],
  acl: ["geo"],
  keys: "RO access @1; OW update @STORE>5; OW update @STOREDIST>5",
  args:
    "key#0 member radius:double unit(M|KM|FT|MI) [WITHCOORD] [WITHDIST] [WITHHASH] " +
    "[count{COUNT=count:int [ANY]}] [order(ASC|DESC)] [STORE=key#1] [STOREDIST=key#2]",
  history: ["7.0.0 Units may be written in upper case."],
  deprecated: {
    since: "6.2.0",
    use: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
  },
})

export const GEORADIUSBYMEMBER_RO = spec({
  name: "georadiusbymember_ro",
  arity: -5,
  group: "geo",
  since: "3.2.10",
  summary: "Finds the members within a distance of a member; it cannot store.",
  complexity: "O(N+log(M)) for N members in the box around the circle and M in the index.",
  flags: ["readonly"],
  acl: ["geo"],
  keys: "RO access @1",
  args:
    "key#0 member radius:double unit(M|KM|FT|MI) [WITHCOORD] [WITHDIST] [WITHHASH] " +
    "[count{COUNT=count:int [ANY]}] [order(ASC|DESC)]",
  deprecated: { since: "6.2.0", use: "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments" },
})

export const GEOSEARCH = spec({
  name: "geosearch",
  arity: -7,
  group: "geo",
  since: "6.2.0",
  summary: "Finds the members inside a circle or a box.",
  complexity: "O(N+log(M)) for N members in the grid cells around the shape and M inside it.",
  flags: ["readonly"],
  acl: ["geo"],
  keys: "RO access @1",
  args:
    "key#0 from(FROMMEMBER=member|FROMLONLAT=longitude_latitude{longitude:double " +
    "latitude:double}) by(circle{BYRADIUS=radius:double " +
    "unit(M|KM|FT|MI)}|box{BYBOX=width:double height:double unit(M|KM|FT|MI)}) " +
    "[order(ASC|DESC)] [count{COUNT=count:int [ANY]}] [WITHCOORD] [WITHDIST] [WITHHASH]",
  history: ["7.0.0 Units may be written in upper case."],
})

export const GEOSEARCHSTORE = spec({
  name: "geosearchstore",
  arity: -8,
  group: "geo",
  since: "6.2.0",
  summary: "Stores the members inside a circle or a box.",
  complexity: "O(N+log(M)) for N members in the grid cells around the shape and M inside it.",
  flags: ["write", "denyoom"],
  acl: ["geo"],
  keys: "OW update @1; RO access @2",
  args:
    "destination#0 source#1 " +
    "from(FROMMEMBER=member|FROMLONLAT=longitude_latitude{longitude:double latitude:double}) " +
    "by(circle{BYRADIUS=radius:double unit(M|KM|FT|MI)}|box{BYBOX=width:double height:double " +
    "unit(M|KM|FT|MI)}) [order(ASC|DESC)] [count{COUNT=count:int [ANY]}] [STOREDIST]",
  history: ["7.0.0 Units may be written in upper case."],
})
