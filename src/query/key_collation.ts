/** A column as information_schema shows it. */
export interface SchemaColumn {
  readonly table: string;
  readonly column: string;
  readonly dataType: string;
  /** `null` for columns that are no text. */
  readonly collation: string | null;
}

const BINARY_TYPES = new Set(["binary", "varbinary", "blob", "tinyblob", "mediumblob", "longblob"]);
/** Root collations: their rules for ASCII are `a = A` and nothing else. Languages add their own. */
const FOLDS_ASCII =
  /^(utf8mb4|utf8mb3|utf8|latin1|ascii)_(general|general_nopad|unicode|unicode_nopad|unicode_520|unicode_520_nopad|0900_ai|0900_as)_ci$|^(\w+_)?uca1400(_nopad)?_a[is]_ci$/;

/**
 * Why a string key compared with this column could be routed apart from its row, or `undefined`
 * where it cannot: what the column takes for equal must be one key.
 */
export function collationFault(
  column: SchemaColumn,
  key: { readonly param: string; readonly fold: boolean },
): string | undefined {
  const { collation, dataType } = column;
  const shown = `${column.table}.${column.column}`;
  if (collation === null) {
    return BINARY_TYPES.has(dataType.toLowerCase())
      ? undefined
      : `:${key.param} is a string, and ${shown} is ${dataType}`;
  }
  if (/(^|_)bin(ary)?$/.test(collation)) return undefined;
  if (!key.fold) {
    return `${shown} takes different spellings of :${key.param} for equal (${collation}): ` +
      "give it a binary collation, or write fold=ci";
  }
  return FOLDS_ASCII.test(collation)
    ? undefined
    : `fold=ci does not know the rules of ${collation}, which ${shown} has`;
}
