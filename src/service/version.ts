/** The version of this build, as documents and `/openapi.json` show it. */
export const VERSION = "0.1.0";
