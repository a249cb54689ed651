/** Methods of the group geo. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Double, Gives, Integer, Kind, Many, OneOf } from "../Kind.js"
import type { Value, Word } from "../Values.js"

export interface GeoMethods<T, K extends Kind> {
  /** Adds members at positions given by longitude and latitude. */
  readonly geoadd: (
    key: Word,
    longitudeLatitudeMember: Many<readonly [longitude: Double, latitude: Double, member: Word]>,
    options?: { readonly CH?: true | undefined } & OneOf<{ readonly NX: true; readonly XX: true }>,
  ) => Gives<K, number>

  /** Measures the distance between two members. */
  readonly geodist: (
    key: Word,
    member1: Word,
    member2: Word,
    options?: OneOf<{ readonly M: true; readonly KM: true; readonly FT: true; readonly MI: true }>,
  ) => Gives<K, T | null>

  /** Encodes the positions of members as geohash text. */
  readonly geohash: (key: Word, member: Many<Word>) => Gives<K, ReadonlyArray<T | null>>

  /** Reads the longitude and latitude of members. */
  readonly geopos: (
    key: Word,
    member: Many<Word>,
  ) => Gives<K, ReadonlyArray<readonly [number, number] | null>>

  /** Finds or stores the members within a distance of a point. Deprecated: use `GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument. */
  readonly georadius: (
    key: Word,
    longitude: Double,
    latitude: Double,
    radius: Double,
    unit: "M" | "KM" | "FT" | "MI",
    options?: {
      readonly WITHCOORD?: true | undefined
      readonly WITHDIST?: true | undefined
      readonly WITHHASH?: true | undefined
      readonly COUNT?: { readonly count: Integer; readonly ANY?: true | undefined } | undefined
      readonly STORE?: Word | undefined
      readonly STOREDIST?: Word | undefined
    } & OneOf<{ readonly ASC: true; readonly DESC: true }>,
  ) => Gives<K, Value<T>>

  /** Finds the members within a distance of a point; it cannot store. Deprecated: use `GEOSEARCH` with the `BYRADIUS` argument. */
  readonly georadiusRo: (
    key: Word,
    longitude: Double,
    latitude: Double,
    radius: Double,
    unit: "M" | "KM" | "FT" | "MI",
    options?: {
      readonly WITHCOORD?: true | undefined
      readonly WITHDIST?: true | undefined
      readonly WITHHASH?: true | undefined
      readonly COUNT?: { readonly count: Integer; readonly ANY?: true | undefined } | undefined
    } & OneOf<{ readonly ASC: true; readonly DESC: true }>,
  ) => Gives<K, Value<T>>

  /** Finds or stores the members within a distance of a member. Deprecated: use `GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments. */
  readonly georadiusbymember: (
    key: Word,
    member: Word,
    radius: Double,
    unit: "M" | "KM" | "FT" | "MI",
    options?: {
      readonly WITHCOORD?: true | undefined
      readonly WITHDIST?: true | undefined
      readonly WITHHASH?: true | undefined
      readonly COUNT?: { readonly count: Integer; readonly ANY?: true | undefined } | undefined
      readonly STORE?: Word | undefined
      readonly STOREDIST?: Word | undefined
    } & OneOf<{ readonly ASC: true; readonly DESC: true }>,
  ) => Gives<K, Value<T>>

  /** Finds the members within a distance of a member; it cannot store. Deprecated: use `GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments. */
  readonly georadiusbymemberRo: (
    key: Word,
    member: Word,
    radius: Double,
    unit: "M" | "KM" | "FT" | "MI",
    options?: {
      readonly WITHCOORD?: true | undefined
      readonly WITHDIST?: true | undefined
      readonly WITHHASH?: true | undefined
      readonly COUNT?: { readonly count: Integer; readonly ANY?: true | undefined } | undefined
    } & OneOf<{ readonly ASC: true; readonly DESC: true }>,
  ) => Gives<K, Value<T>>

  /** Finds the members inside a circle or a box. */
  readonly geosearch: (
    key: Word,
    from:
      | { readonly FROMMEMBER: Word }
      | { readonly FROMLONLAT: readonly [longitude: Double, latitude: Double] },
    by:
      | { readonly BYRADIUS: readonly [radius: Double, unit: "M" | "KM" | "FT" | "MI"] }
      | { readonly BYBOX: readonly [width: Double, height: Double, unit: "M" | "KM" | "FT" | "MI"] },
    options?: {
      readonly COUNT?: { readonly count: Integer; readonly ANY?: true | undefined } | undefined
      readonly WITHCOORD?: true | undefined
      readonly WITHDIST?: true | undefined
      readonly WITHHASH?: true | undefined
    } & OneOf<{ readonly ASC: true; readonly DESC: true }>,
  ) => Gives<K, Value<T>>

  /** Stores the members inside a circle or a box. */
  readonly geosearchstore: (
    destination: Word,
    source: Word,
    from:
      | { readonly FROMMEMBER: Word }
      | { readonly FROMLONLAT: readonly [longitude: Double, latitude: Double] },
    by:
      | { readonly BYRADIUS: readonly [radius: Double, unit: "M" | "KM" | "FT" | "MI"] }
      | { readonly BYBOX: readonly [width: Double, height: Double, unit: "M" | "KM" | "FT" | "MI"] },
    options?: {
      readonly COUNT?: { readonly count: Integer; readonly ANY?: true | undefined } | undefined
      readonly STOREDIST?: true | undefined
    } & OneOf<{ readonly ASC: true; readonly DESC: true }>,
  ) => Gives<K, number>
}
