/**
 * The texts of Redis 7.0's error replies, in one place: each without the leading "-" and the line end.
 *
 * Texts are latin1 strings (one character, one byte), as `ReplyWriter.error` takes them, so bytes a client sent can be
 * echoed: decode them with `Buffer.toString("latin1")`. A constant is a text without a parameter; a function takes what
 * Redis prints in it. They were collected from a running redis-server 7.0.15.
 *
 * Example: `reply.error(Errors.wrongArguments("get"))` sends "-ERR wrong number of arguments for 'get' command\r\n".
 */

// Any command

export const wrongType = "WRONGTYPE Operation against a key holding the wrong kind of value"
export const syntax = "ERR syntax error"
export const noSuchKey = "ERR no such key"
export const isUnknownSubcommand = (error: string): boolean => error.startsWith("ERR unknown subcommand")
export const isWrongArguments = (error: string): boolean =>
  error.startsWith("ERR wrong number of arguments for")

/** As the log shows one: general errors bare, those with a code of their own as they are sent. */
export const logged = (error: string): string => (error.startsWith("ERR ") ? error.slice(4) : `-${error}`)

export const outOfRange = "ERR index out of range"
export const sameObject = "ERR source and destination objects are the same"

/** `command` is the full lower-case name, "get" or "config|get". */
export const wrongArguments = (command: string): string =>
  `ERR wrong number of arguments for '${command}' command`

const upToNul = (text: string): string => {
  const nul = text.indexOf("\0")
  return nul < 0 ? text : text.slice(0, nul)
}

/** Most characters of the name in an unknown command, and of the list of its arguments before the last is cut. */
const previewChars = 128

/** `args` are the words after the name; their list is cut after about 128 characters. */
export const unknownCommand = (name: string, args: Iterable<string>): string => {
  let preview = ""
  for (const arg of args) {
    if (preview.length >= previewChars) break
    preview += `'${upToNul(arg).slice(0, previewChars - preview.length)}' `
  }
  return `ERR unknown command '${upToNul(name).slice(0, previewChars)}', with args beginning with: ${preview}`
}

/** `container` is the command's name: "config" gives "Try CONFIG HELP.". */
export const unknownSubcommand = (container: string, subcommand: string): string =>
  `ERR unknown subcommand '${upToNul(subcommand).slice(0, previewChars)}'. Try ${container.toUpperCase()} HELP.`

/** For subcommands that the command itself tells apart (DEBUG, XINFO STREAM). */
export const unknownSubcommandOrArguments = (container: string, subcommand: string): string =>
  `ERR unknown subcommand or wrong number of arguments for '${upToNul(subcommand).slice(0, previewChars)}'. Try ${container.toUpperCase()} HELP.`

/** `name` is the command's, in lower case: of "module|load" the container counts. */
export const guarded = (name: string): string => {
  const container = name.split("|")[0]
  return `ERR ${container.toUpperCase()} command not allowed. If the enable-${container}-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.`
}

// Numbers

export const notInteger = "ERR value is not an integer or out of range"
export const notFloat = "ERR value is not a valid float"
export const minOrMaxNotFloat = "ERR min or max is not a float"
export const minOrMaxNotLex = "ERR min or max not valid string range item"
export const valueOutOfRange = "ERR value is out of range"
export const mustBePositive = "ERR value is out of range, must be positive"
export const valueOutOfBounds = (min: string, max: string): string =>
  `ERR value is out of range, value must between ${min} and ${max}`
/** The count of HRANDFIELD, SRANDMEMBER, ZRANDMEMBER at -2^63. */
export const randomCountOutOfRange = valueOutOfBounds("-9223372036854775807", "9223372036854775807")
export const replyTooLarge = "ERR the reply would take more than 4 GB"
export const scriptReplyTooLarge = "ERR not enough memory for the reply"
/** A database number or other argument that does not fit 32 bits. */
export const notInt32 = valueOutOfBounds("-2147483648", "2147483647")
export const overflow = "ERR increment or decrement would overflow"
export const decrementOverflow = "ERR decrement would overflow"
export const nanOrInfinityIncrement = "ERR increment would produce NaN or Infinity"
export const nanOrInfinity = "ERR value is NaN or Infinity"
export const numkeysNotPositive = "ERR numkeys should be greater than 0"
export const countNotPositive = "ERR count should be greater than 0"
export const countBelowMinusOne = "ERR count should be greater than or equal to -1"
export const numkeysTooMany = "ERR Number of keys can't be greater than number of args"
export const numkeysNegative = "ERR Number of keys can't be negative"
export const limitNegative = "ERR LIMIT can't be negative"
export const timeoutNotFloat = "ERR timeout is not a float or out of range"
export const timeoutNotInteger = "ERR timeout is not an integer or out of range"
export const timeoutNegative = "ERR timeout is negative"
export const invalidCursor = "ERR invalid cursor"

// Keys and expiry

export const invalidExpire = (command: string): string => `ERR invalid expire time in '${command}' command`
export const expireNxConflict = "ERR NX and XX, GT or LT options at the same time are not compatible"
export const expireGtLtConflict = "ERR GT and LT options at the same time are not compatible"
export const unsupportedOption = (option: string): string =>
  `ERR Unsupported option ${upToNul(option).replace(/[\r\n]+$/, "")}`
export const busyKey = "BUSYKEY Target key name already exists."
export const badDumpPayload = "ERR DUMP payload version or checksum are wrong"
export const badDumpData = "ERR Bad data format"
export const restoreTtl = "ERR Invalid TTL value, must be >= 0"
export const restoreIdleTime = "ERR Invalid IDLETIME value, must be >= 0"
export const restoreFreq = "ERR Invalid FREQ value, must be >= 0 and <= 255"
export const noLfu =
  "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
export const noLru =
  "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
export const dbIndexOutOfRange = "ERR DB index is out of range"
export const invalidFirstDbIndex = "ERR invalid first DB index"
export const invalidSecondDbIndex = "ERR invalid second DB index"
export const sortNotDouble = "ERR One or more scores can't be converted into double"

// Strings and bits

export const offsetOutOfRange = "ERR offset is out of range"
export const stringTooLong = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
export const bitOffset = "ERR bit offset is not an integer or out of range"
export const bitValue = "ERR bit is not an integer or out of range"
export const bitArgument = "ERR The bit argument must be 1 or 0."
export const bitopNotOneKey = "ERR BITOP NOT must be called with a single source key."
export const bitfieldType =
  "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
export const bitfieldOverflow = "ERR Invalid OVERFLOW type specified"
export const bitfieldReadOnly = "ERR BITFIELD_RO only supports the GET subcommand"
export const lcsNotStrings = "ERR The specified keys must contain string values"
export const lcsTooLong = "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"
export const lcsLenAndIdx = "ERR If you want both the length and indexes, please just use IDX."

// Lists and hashes

export const lposRankZero =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list"
export const lposCount = "ERR COUNT can't be negative"
export const lposMaxlen = "ERR MAXLEN can't be negative"
export const hashNotInteger = "ERR hash value is not an integer"
export const hashNotFloat = "ERR hash value is not a float"

// Sorted sets

export const zaddNxXx = "ERR XX and NX options at the same time are not compatible"
export const zaddGtLtNx = "ERR GT, LT, and/or NX options at the same time are not compatible"
export const zaddIncrPairs = "ERR INCR option supports a single increment-element pair"
export const scoreNaN = "ERR resulting score is not a number (NaN)"
export const zrangeLimit =
  "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
export const zrangeWithScoresByLex = "ERR syntax error, WITHSCORES not supported in combination with BYLEX"
export const weightNotFloat = "ERR weight value is not a float"
export const noInputKeys = (command: string): string =>
  `ERR at least 1 input key is needed for '${command}' command`

// Geo

/** Both with six decimals, as C's "%f" prints them. */
export const invalidLonLat = (longitude: string, latitude: string): string =>
  `ERR invalid longitude,latitude pair ${longitude},${latitude}`
export const geoUnit = "ERR unsupported unit provided. please use M, KM, FT, MI"
export const geoMember = "ERR could not decode requested zset member"
export const geoRadius = "ERR need numeric radius"
export const geoRadiusNegative = "ERR radius cannot be negative"
export const geoWidth = "ERR need numeric width"
export const geoHeight = "ERR need numeric height"
export const geoBoxNegative = "ERR height or width cannot be negative"
export const geoCount = "ERR COUNT must be > 0"
export const geoAny = "ERR the ANY argument requires COUNT argument"
export const geoByOne = (command: string): string =>
  `ERR exactly one of BYRADIUS and BYBOX can be specified for ${command}`
export const geoFromOne = (command: string): string =>
  `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${command}`
/** STORE together with WITH…: `command` is "STORE option in GEORADIUS" or "GEOSEARCHSTORE". */
export const geoStoreWith = (command: string): string =>
  `ERR ${command} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`

// HyperLogLog

export const hllNotValid = "WRONGTYPE Key is not a valid HyperLogLog string value."
export const hllCorrupted = "INVALIDOBJ Corrupted HLL object detected"
export const hllNotSparse = "ERR HLL encoding is not sparse"
export const hllSubcommand = (name: string): string => `ERR Unknown PFDEBUG subcommand '${name}'`
export const hllNoKey = "ERR The specified key does not exist"

// Streams

export const streamId = "ERR Invalid stream ID specified as stream command argument"
export const streamIdZero = "ERR The ID specified in XADD must be greater than 0-0"
export const streamIdSmall =
  "ERR The ID specified in XADD is equal or smaller than the target stream top item"
export const streamExhausted = "ERR The stream has exhausted the last possible ID, unable to add more items"
export const streamStartId = "ERR invalid start ID for the interval"
export const streamEndId = "ERR invalid end ID for the interval"
export const streamMaxlen = "ERR The MAXLEN argument must be >= 0."
export const streamLimit = "ERR The LIMIT argument must be >= 0."
export const streamLimitNotApprox = "ERR syntax error, LIMIT cannot be used without the special ~ option"
export const streamLimitNoTrim =
  "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"
export const streamTrimMissing = "ERR syntax error, XTRIM must be called with a trimming strategy"
export const streamTooLarge = "ERR Elements are too large to be stored"
export const streamGroupGone = "NOGROUP the consumer group this client was blocked on no longer exists"
export const streamKeyGone = "UNBLOCKED the stream key no longer exists"
export const streamTrimConflict =
  "ERR syntax error, MAXLEN and MINID options at the same time are not compatible"
/** 7.0.15 says XREAD here for XREADGROUP, too. */
export const streamUnbalanced =
  "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified."
export const streamNewOnlyInGroup =
  "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."
export const streamLastInGroup =
  "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set."
export const streamGroupOnXread =
  "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead."
export const streamNoackOnXread =
  "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead."
export const streamBlockInScript = (command: string): string =>
  `ERR ${command} command is not allowed with BLOCK option from scripts`
export const streamMissingGroup = "ERR Missing GROUP option for XREADGROUP"
export const busyGroup = "BUSYGROUP Consumer Group name already exists"
export const noGroup = (key: string, group: string): string =>
  `NOGROUP No such key '${key}' or consumer group '${group}'`
export const noGroupRead = (key: string, group: string): string =>
  `NOGROUP No such key '${key}' or consumer group '${group}' in XREADGROUP with GROUP option`
export const noGroupForKey = (group: string, key: string): string =>
  `NOGROUP No such consumer group '${group}' for key name '${key}'`
export const xgroupKey =
  "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically."
export const entriesRead = "ERR value for ENTRIESREAD must be positive or -1"
/** `command` is "XCLAIM" or "XAUTOCLAIM". */
export const minIdleTime = (command: string): string => `ERR Invalid min-idle-time argument for ${command}`
export const xclaimOption = (option: string): string => `ERR Unrecognized XCLAIM option '${option}'`
/** `option` is IDLE, TIME or RETRYCOUNT. */
export const xclaimArgument = (option: string): string => `ERR Invalid ${option} option argument for XCLAIM`
export const xautoclaimCount = "ERR COUNT must be > 0"
export const xsetidSmall = "ERR The ID specified in XSETID is smaller than the target stream top item"
export const xsetidDeleted =
  "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"
export const xsetidEntriesNegative = "ERR entries_added must be positive"
export const xsetidEntriesSmall =
  "ERR The entries_added specified in XSETID is smaller than the target stream length"

// Connections, authentication, ACL

export const noAuth = "NOAUTH Authentication required."
export const noAuthHello =
  "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
export const wrongPass = "WRONGPASS invalid username-password pair or user is disabled."
export const authWithoutPassword =
  "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
export const noProto = "NOPROTO unsupported protocol version"
export const protoNotInteger = "ERR Protocol version is not an integer or out of range"
export const helloOption = (option: string): string => `ERR Syntax error in HELLO option '${option}'`
export const clientName = "ERR Client names cannot contain spaces, newlines or special characters."
export const noSuchClient = "ERR No such client"
export const noSuchUser = (user: string): string => `ERR No such user '${user}'`
export const clientIdNotPositive = "ERR client-id should be greater than 0"
export const invalidClientId = "ERR Invalid client ID"
export const clientType = (type: string): string => `ERR Unknown client type '${type}'`
export const clientPauseMode = "ERR CLIENT PAUSE mode must be WRITE or ALL"
export const clientUnblockReason = "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"
export const trackingBcastOptin = "ERR OPTIN and OPTOUT are not compatible with BCAST"
export const trackingOptinOptout = "ERR You can't specify both OPTIN mode and OPTOUT mode"
export const trackingSwitchBcast =
  "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode."
export const trackingSwitchOptin =
  "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode."
export const trackingOneRedirect = "ERR A client can only redirect to a single other client"
export const trackingPrefixExists = (prefix: string, existing: string): string =>
  `ERR Prefix '${prefix}' overlaps with an existing prefix '${existing}'. Prefixes for a single client must not overlap.`
export const trackingPrefixTwice = (prefix: string, other: string): string =>
  `ERR Prefix '${prefix}' overlaps with another provided prefix '${other}'. Prefixes for a single client must not overlap.`
export const trackingRedirect = "ERR The client ID you want redirect to does not exist"
export const trackingPrefixBcast = "ERR PREFIX option requires BCAST mode to be enabled"
export const cachingWithoutTracking =
  "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"
export const cachingYes = "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode."
export const cachingNo = "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode."
export const noPermCommand = (command: string): string =>
  `NOPERM this user has no permissions to run the '${command}' command`
export const noPermKey = "NOPERM this user has no permissions to access one of the keys used as arguments"
export const noPermChannel =
  "NOPERM this user has no permissions to access one of the channels used as arguments"
/** A command of a transaction that was allowed when it was queued. */
export const noPermInExec = (reason: string): string =>
  `NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: ${reason}`
export const execNoCommand = "no permission to execute the command or subcommand"
export const execNoKey = "no permission to touch the specified keys"
export const execNoChannel = "no permission to access one of the channels used as arguments"
export const sortDenied = (option: "BY" | "GET"): string =>
  `ERR ${option} option of SORT denied due to insufficient ACL permissions.`
export const scriptNoCommandRight = "ERR The user executing the script can't run this command or subcommand"
export const scriptNoKeyRight =
  "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments"
export const scriptNoChannelRight =
  "ERR The user executing the script can't publish to the channel mentioned in the command"
export const aclSetUser = (rule: string, reason: string): string =>
  `ERR Error in ACL SETUSER modifier '${rule}': ${reason}`
export const aclUnmatched = (rule: string): string =>
  `ERR Unmatched parenthesis in acl selector starting at '${rule}'.`
export const aclUserName = "ERR Usernames can't contain spaces or null characters"
export const aclDefaultStays = "ERR The 'default' user cannot be removed"
export const aclUserNotFound = (user: string): string => `ERR User '${user}' not found`
export const aclCommandNotFound = (command: string): string => `ERR Command '${command}' not found`
export const aclCategory = (category: string): string => `ERR Unknown category '${category}'`
export const aclGenPassBits =
  "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096"
export const aclNoFile =
  "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration."
/** What ACL DRYRUN answers; no errors there. */
export const dryRunCommand = (command: string): string =>
  `This user has no permissions to run the '${command}' command`
export const dryRunKey = (key: string): string => `This user has no permissions to access the '${key}' key`
export const dryRunChannel = (channel: string): string =>
  `This user has no permissions to access the '${channel}' channel`
export const aclNotSaved =
  "ERR There was an error trying to save the ACLs. Please check the server logs for more information"
export const aclNotOpened = (path: string, reason: string): string =>
  `Error loading ACLs, opening file '${path}': ${reason}`
/** Why a rule of a user is refused. */
export const aclSyntax = "Syntax error"
export const aclUnknownCommand = "Unknown command or category name in ACL"
export const aclFirstArgumentOfSubcommand = "Allowing first-arg of a subcommand is not supported"
export const aclPatternAfterAll =
  "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns"
export const aclChannelAfterAll =
  "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels"
export const aclHash =
  "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
export const aclNoSuchPassword = "The password you are trying to remove from the user does not exist"
export const subscribedClient = (command: string): string =>
  `ERR Can't execute '${command}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`
export const maxClients = "ERR max number of clients reached"
export const unblocked = "UNBLOCKED client unblocked via CLIENT UNBLOCK"

// Transactions and scripts

export const nestedMulti = "ERR MULTI calls can not be nested"
export const watchInMulti = "ERR WATCH inside MULTI is not allowed"
export const execWithoutMulti = "ERR EXEC without MULTI"
export const discardWithoutMulti = "ERR DISCARD without MULTI"
export const execAbort = "EXECABORT Transaction discarded because of previous errors."
export const notAllowedInTransaction = "ERR Command not allowed inside a transaction"
/** EXEC refused before it ran: `reason` is the error it met. */
export const execAbortBecause = (reason: string): string =>
  `EXECABORT Transaction discarded because of: ${reason.startsWith("ERR ") ? reason.slice(4) : reason}`
/** `command` is in upper case. */
export const denyBlocking = (command: string): string =>
  `ERR ${command} isn't allowed for a DENY BLOCKING client`
/** As `denyBlocking`, in the words MONITOR has. */
export const monitorDenyBlocking = "ERR MONITOR isn't allowed for DENY BLOCKING client"
export const waitsInTransaction = "ERR This command has to wait and cannot run inside a transaction"
export const noScript = "NOSCRIPT No matching script. Please use EVAL."
export const notBusy = "NOTBUSY No scripts in execution right now."
export const unkillable =
  "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
export const busyScript =
  "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
export const busyFunction =
  "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
export const scriptKilled = "ERR Script killed by user with SCRIPT KILL..."
export const waitsInScript = "ERR This command has to wait and cannot run inside a script"
export const scriptFlushMode = "ERR SCRIPT FLUSH only support SYNC|ASYNC option"
export const scriptDebugPipelined = "ERR SCRIPT DEBUG must be called outside a pipeline"
export const scriptDebugMode = "ERR Use SCRIPT DEBUG YES/SYNC/NO"
export const functionFlushMode = "ERR FUNCTION FLUSH only supports SYNC|ASYNC option"
export const functionKeysNumber = "ERR Bad number of keys provided"
export const scriptUnknownCommand = "ERR Unknown Redis command called from script"
export const scriptWrongArguments = "ERR Wrong number of args calling Redis command from script"
export const scriptNotAllowed = "ERR This Redis command is not allowed from script"
export const scriptNoCommand = "ERR Please specify at least one argument for this redis lib call"
export const scriptArgumentTypes = "ERR Lua redis lib command arguments must be strings or integers"
export const luaStackLimit = "ERR reached lua stack limit"
export const scriptReplyTooLong = "ERR the script's reply has too many elements"
export const scriptReadOnly = "ERR Write commands are not allowed from read-only scripts."
export const scriptStale = "ERR Can not execute the command on a stale replica"
export const scriptWriteFlag = "ERR Can not execute a script with write flag using *_ro command."
export const scriptCompile = (reason: string): string =>
  `ERR Error compiling script (new function): ${reason}`
export const shebangInvalid = "ERR Invalid script shebang"
export const shebangNoEngine = "ERR Invalid engine in script shebang"
export const shebangEngine = (engine: string): string => `ERR Unexpected engine in script shebang: ${engine}`
export const shebangFlag = (flag: string): string => `ERR Unexpected flag in script shebang: ${flag}`
export const shebangOption = (option: string): string => `ERR Unknown lua shebang option: ${option}`
export const libraryNoMetadata = "ERR Missing library metadata"
export const libraryMetadata = "ERR Invalid library metadata"
export const libraryNoName = "ERR Library name was not given"
export const libraryNameTwice = "ERR Invalid metadata value, name argument was given multiple times"
/** Of libraries and of functions. */
export const libraryNameInvalid =
  "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"
export const libraryOption = (option: string): string => `ERR Invalid metadata value given: ${option}`
export const libraryEngine = (engine: string): string => `ERR Engine '${engine}' not found`
export const libraryEmpty = "ERR No functions registered"
export const libraryExists = (name: string): string => `ERR Library '${name}' already exists`
/** As FUNCTION RESTORE says it. */
export const libraryRestored = (name: string): string => `ERR Library ${name} already exists`
export const functionExists = (name: string): string => `ERR Function ${name} already exists`
export const functionCompile = (reason: string): string => `ERR Error compiling function: ${reason}`
export const functionRegister = (reason: string): string => `ERR Error registering functions: ${reason}`
export const functionLoadOption = (option: string): string => `ERR Unknown option given: ${option}`
export const functionListArgument = (argument: string): string => `ERR Unknown argument ${argument}`
export const functionListName = "ERR library name argument was not given"
export const functionRestorePolicy =
  "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE."
export const functionNoFunction = "ERR given type is not a function"
export const functionEngineUnread = "ERR Failed loading engine name"
export const functionUnread = "ERR Failed loading library payload"
export const registerArguments = "ERR wrong number of arguments to redis.register_function"
export const registerNoTable =
  "ERR calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments)."
export const registerFirst = "ERR first argument to redis.register_function must be a string"
export const registerSecond = "ERR second argument to redis.register_function must be a function"
export const registerKey = "ERR named argument key given to redis.register_function is not a string"
export const registerNameType = "ERR function_name argument given to redis.register_function must be a string"
export const registerDescription =
  "ERR description argument given to redis.register_function must be a string"
export const registerCallbackType =
  "ERR callback argument given to redis.register_function must be a function"
export const registerFlags =
  "ERR flags argument to redis.register_function must be a table representing function flags"
export const registerUnknownFlag = "ERR unknown flag given"
export const registerUnknown = "ERR unknown argument given to redis.register_function"
export const registerNoName = "ERR redis.register_function must get a function name argument"
export const registerNoCallback = "ERR redis.register_function must get a callback argument"
export const registerTwice = "ERR Function already exists in the library"
export const functionNotFound = "ERR Function not found"
export const libraryNotFound = "ERR Library not found"

// The server's state

export const readOnly = "READONLY You can't write against a read only replica."
export const replicaKeyspace = "ERR Replica can't interact with the keyspace"
export const resetNormalOnly = "ERR can only reset normal client connections"
export const loading = "LOADING Redis is loading the dataset in memory"
export const misconf =
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error."
export const noReplicas = "NOREPLICAS Not enough good replicas to write."
export const masterDown = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
export const outOfMemory = "OOM command not allowed when used memory > 'maxmemory'."

// Persistence, replication, configuration

export const misconfAof = (reason: string): string => `MISCONF Errors writing to the AOF file: ${reason}`
export const rewriteInProgress = "ERR Background append only file rewriting already in progress"
export const rewriteNotStarted =
  "ERR Can't execute an AOF background rewriting. Please check the server logs for more information."
export const saveWhileRewriting =
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible."
export const saveInProgress = "ERR Background save already in progress"
export const invalidMasterPort = "ERR Invalid master port"
export const replconfOption = (option: string): string => `ERR Unrecognized REPLCONF option: ${option}`
export const unblockedByDemotion =
  "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"
export const replicaofInFailover = "ERR REPLICAOF not allowed while failing over."
export const replicaofByReplica = "ERR Command is not valid when client is a replica."
export const failoverNoReplicas = "ERR FAILOVER requires connected replicas."
export const failoverOnReplica = "ERR FAILOVER is not valid when server is a replica."
export const failoverNone = "ERR No failover in progress."
export const invalidCommand = "ERR Invalid command specified"
export const noKeyArguments = "ERR The command has no key arguments"
export const invalidNumberOfArguments = "ERR Invalid number of arguments specified for command"
export const invalidArguments = "ERR Invalid arguments specified for command"

/** First words as Redis says them; what to do about it is said for Redix. */
export const protectedMode =
  "DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default " +
  "user. In this mode connections are only accepted from the loopback interface. To accept others, set a password " +
  "(requirepass), or switch protected mode off with '--protected-mode no' or with 'CONFIG SET protected-mode no' from " +
  "this host, provided that nobody you do not trust can reach the server."

export const waitaofOnReplica =
  "ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local and are not " +
  "propagated."

export const waitaofWithoutFile =
  "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."

export const waitOnReplica =
  "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be " +
  "writable (which is not the default) writes to replicas are just local and are not propagated."
