import type { Cache } from "./cache.ts";
import type { Era } from "./era.ts";

/** What a {@linkcode CacheEntry} is made of. */
export interface CacheEntryOptions {
  readonly cache: Cache;
  readonly key: string;
  /** What answers with it: an entry of another owner under the same key is none. */
  readonly owner: unknown;
  /** The answer's JSON text. */
  readonly body: string;
  readonly etag: string;
  readonly tags: readonly string[];
  /** Where it was read. */
  readonly shard: string;
  readonly era: Era;
  /** Until when it is fresh, and until when it may be answered while another is loaded. */
  readonly freshUntil: number;
  readonly staleUntil: number;
}

/**
 * What an entry costs beside its texts: its object, its places in the cache's own arrays and in the
 * index of tags. Measured, see `tests/bench/cache`.
 */
const ENTRY_BYTES = 320;
const TAG_BYTES = 80;
const TEXT_BYTES = 24;

/** One answer, encoded: a hit copies nothing and encodes nothing. Immutable. */
export class CacheEntry {
  /** Where it is, or was. */
  readonly cache: Cache;
  readonly key: string;
  readonly owner: unknown;
  readonly body: string;
  readonly etag: string;
  readonly tags: readonly string[];
  readonly shard: string;
  readonly era: Era;
  /** On the clock's `now()`. */
  readonly freshUntil: number;
  readonly staleUntil: number;
  /** About how much memory it takes, with all that is kept for it. */
  readonly bytes: number;

  constructor(options: CacheEntryOptions) {
    this.cache = options.cache;
    this.key = options.key;
    this.owner = options.owner;
    this.body = options.body;
    this.etag = options.etag;
    this.tags = options.tags;
    this.shard = options.shard;
    this.era = options.era;
    this.freshUntil = options.freshUntil;
    this.staleUntil = options.staleUntil;
    this.bytes = bytesOf(options);
  }
}

function bytesOf({ key, body, etag, tags }: CacheEntryOptions): number {
  let bytes = ENTRY_BYTES + textBytes(key) + textBytes(body) + textBytes(etag);
  for (const tag of tags) bytes += TAG_BYTES + textBytes(tag);
  return bytes;
}

const WIDE = /[\u0100-\uffff]/;

/** V8 keeps a text in one byte a character, or in two where one of them needs it. */
function textBytes(text: string): number {
  return TEXT_BYTES + (WIDE.test(text) ? 2 * text.length : text.length);
}
