/** This package's version; a test holds it equal to package.json's. */
export const REDIX_VERSION = "0.1.0"
/** The redis-server whose behaviour Redix has, as clients that look at versions must see it. */
export const REDIS_VERSION = "7.0.15"
