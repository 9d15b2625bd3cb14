import { z } from "zod";
import { address, count, flag } from "./scalars.ts";

/** Settings that a URL holds itself, or that mean nothing with one. */
const WITH_SENTINELS = [
  "master",
  "username",
  "password",
  "sentinelPassword",
  "database",
  "tls",
] as const;

/** Where Redis is: a URL, or Sentinels that know it. */
export const redis = z.strictObject({
  url: z.string().superRefine((url, { addIssue }) => {
    const message = faultOf(url);
    if (message !== undefined) addIssue({ code: "custom", message });
  }).optional(),
  sentinels: z.array(address).min(1, "must name at least one Sentinel").optional(),
  /** The name that the Sentinels know the master by. */
  master: z.string().min(1).optional(),
  username: z.string().min(1).optional(),
  password: z.string().optional(),
  sentinelPassword: z.string().optional(),
  database: count(0).optional(),
  /** Whether the servers and the Sentinels speak TLS. */
  tls: flag.optional(),
}).transform((settings, context) => {
  const fault = (message: string, ...path: string[]) =>
    context.addIssue({ code: "custom", path, message });
  const { url, sentinels, master, ...account } = settings;
  if (url !== undefined) {
    if (sentinels !== undefined) fault("must have either url or sentinels, received both");
    for (const key of WITH_SENTINELS) {
      if (sentinels === undefined && settings[key] !== undefined) {
        fault("belongs to sentinels; with url it is part of the url", key);
      }
    }
    return { url };
  }
  if (sentinels === undefined) {
    fault("must have either url or sentinels, received neither");
    return z.NEVER;
  }
  if (master === undefined) {
    fault("must be the name that the Sentinels know the master by, received nothing", "master");
    return z.NEVER;
  }
  const { username, password = "" } = account;
  if (username !== undefined && password === "") {
    fault("must come with a password, received a username alone", "username");
  }
  return { sentinels, master, ...account };
});

/** What is wrong with a URL. Does not quote it: there may be a password in it. */
function faultOf(url: string): string | undefined {
  if (!/^rediss?:\/\//.test(url)) return "must begin with redis:// or rediss://";
  try {
    const { username, password, pathname, search, hash } = new URL(url);
    // As ioredis will, which would also take settings of its own from a query.
    decodeURIComponent(username + password);
    if (/^\/?\d*$/.test(pathname + search + hash)) return undefined;
    return "must end after the port, or with a database's number, as in redis://host:6379/2";
  } catch {
    return "must be a URL, such as redis://user:password@host:6379/2, with %40 for an @ in a password";
  }
}
