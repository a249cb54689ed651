import { expect, it } from "vitest"
import {
  RDB_VERSION_MAX,
  RDB_VERSION_MIN,
  RDB_VERSION_WITH_CRC,
  RdbModuleOpcode,
  RdbNodeContainer,
  RdbOpcode,
  RdbStringEncoding,
  RdbType,
  isRdbValueType,
} from "../../src/rdb/format/RdbTypes.js"

// These numbers are on disks: entries may be added, none may change.
it("the numbers of the format stay what they are", () => {
  expect(RdbType).toEqual({
    String: 0,
    List: 1,
    Set: 2,
    ZsetText: 3,
    Hash: 4,
    ZsetBinary: 5,
    ModuleOld: 6,
    Module: 7,
    HashZipmap: 9,
    ListZiplist: 10,
    SetIntset: 11,
    ZsetZiplist: 12,
    HashZiplist: 13,
    ListQuicklist: 14,
    StreamV1: 15,
    HashListpack: 16,
    ZsetListpack: 17,
    ListQuicklist2: 18,
    StreamV2: 19,
    SetListpack: 20,
    StreamV3: 21,
    HashMetadataPreGa: 22,
    HashListpackExPreGa: 23,
    HashMetadata: 24,
    HashListpackEx: 25,
  })
  expect(RdbOpcode).toEqual({
    SlotInfo: 244,
    Function: 245,
    FunctionPreGa: 246,
    ModuleAux: 247,
    Idle: 248,
    Freq: 249,
    Aux: 250,
    ResizeDb: 251,
    ExpireMs: 252,
    ExpireSeconds: 253,
    SelectDb: 254,
    End: 255,
  })
  expect(RdbStringEncoding).toEqual({ Int8: 0, Int16: 1, Int32: 2, Lzf: 3 })
  expect(RdbModuleOpcode).toEqual({ End: 0, SignedInt: 1, UnsignedInt: 2, Float: 3, Double: 4, String: 5 })
  expect(RdbNodeContainer).toEqual({ Plain: 1, Packed: 2 })
  expect([RDB_VERSION_MIN, RDB_VERSION_MAX, RDB_VERSION_WITH_CRC]).toEqual([1, 12, 5])
  expect(Array.from({ length: 256 }, (_, i) => i).filter(isRdbValueType)).toEqual(Object.values(RdbType))
})
