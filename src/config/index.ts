/** Configuration: the directive table, the typed values, their sources, and the rules of CONFIG GET, SET and REWRITE. */
export { fromByteText, lowerAscii, toByteText, urlPart } from "./ByteText.js"
export * from "./CommandLine.js"
export * from "./ConfigErrors.js"
export { rewriteConfig } from "./ConfigRewrite.js"
export * from "./ConfigState.js"
export { type DirectiveName, directiveNames, type RedixValues } from "./Directives.js"
export { pathIn } from "./Directory.js"
export * from "./RedixConfig.js"
export type { Environment } from "./Settings.js"
export { replaceFile, rewriteConfigFile } from "./RewriteFile.js"
export type {
  BytesOrPercent,
  OutputBufferLimit,
  OutputBufferLimits,
  RenamedCommand,
  ReplicaOf,
  SavePoint,
  ShutdownFlag,
  UserDeclaration,
} from "./StructuredKinds.js"
