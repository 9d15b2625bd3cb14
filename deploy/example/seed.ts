/** Rows of one table, for {@linkcode seed}. */
export interface SeedTable {
  readonly table: string;
  readonly columns: readonly string[];
  /** The column whose value says which shard holds a row; absent: every shard holds all rows. */
  readonly key?: string;
  readonly rows: Iterable<readonly (string | number | null)[]>;
}

const PLAYERS = 10_000;
const GUILDS = 50;
const ITEMS = ["potion", "rope", "torch"];

/**
 * The example realm's first rows: players 1 to 10,000 with 1,000 gold each, 50 guilds, and what
 * every tenth player carries. The same rows each time.
 */
export function seed(): SeedTable[] {
  return [
    {
      table: "guilds",
      columns: ["id", "name", "motto", "founded_at"],
      rows: each(GUILDS, 1, (id) => [[id, `Guild ${id}`, "Forward", "2024-01-01 00:00:00.000"]]),
    },
    {
      table: "players",
      columns: ["id", "name", "level", "xp", "gold", "guild_id", "profile"],
      key: "id",
      rows: each(PLAYERS, 1, (id) => {
        // Spread without a pattern, and for most players different: Knuth's multiplicative hash.
        const xp = (id * 2_654_435_761) % 1_000_003;
        const level = 1 + Math.floor(Math.sqrt(xp / 100));
        const profile = JSON.stringify({ title: "Adventurer", colors: [id % 8, id % 5] });
        const guild = id % 4 === 0 ? null : 1 + id % GUILDS;
        return [[id, `player-${id}`, level, xp, 1_000, guild, profile]];
      }),
    },
    {
      table: "inventory",
      columns: ["player_id", "item_id", "quantity"],
      key: "player_id",
      rows: each(PLAYERS, 10, (id) => ITEMS.map((item, index) => [id, item, 1 + (id + index) % 9])),
    },
  ];
}

type SeedRow = (string | number | null)[];

function* each(last: number, step: number, rows: (id: number) => SeedRow[]): Generator<SeedRow> {
  for (let id = step; id <= last; id += step) yield* rows(id);
}
