// A file as an info dictionary lists it, before its path is made safe: what the v1 list and the v2 tree have in common.

import { type BencodeDict, bytesAt, integerAt, isBytes, listAt } from '@torrential/bencode'
import { InputError, toLatin1 } from '@torrential/primitives'

/** One entry of the v1 `files` list or one leaf of the v2 `file tree`. */
export interface ListedFile {
  /** Raw path below the torrent's root: hostile bytes in latin1, which is half the memory of as many byte arrays. */
  readonly elements: readonly string[]
  readonly length: number
  readonly pad: boolean
  readonly executable: boolean
  readonly hidden: boolean
  /** Raw path of the target below the torrent's root. */
  readonly symlink?: readonly string[]
  readonly piecesRoot?: Uint8Array
  readonly mtime?: number
}

/** What an entry says, in latin1; `undefined` is what it does not say, or not in a possible way. */
export interface ListedFields {
  /** One character for each attribute (BEP 47). */
  readonly attr: string | undefined
  readonly length: number | undefined
  readonly hasLength: boolean
  readonly mtime: number | undefined
  readonly symlinkPath: readonly (string | undefined)[] | undefined
}

/** Longer ones are not read. */
export const MAX_ATTRIBUTES = 64

/** The fields of an entry that is decoded already. */
export function fieldsOf(entry: BencodeDict): ListedFields {
  const attr = bytesAt(entry, 'attr', { max: MAX_ATTRIBUTES })
  const symlink = listAt(entry, 'symlink path')
  return {
    attr: attr && toLatin1(attr),
    length: integerAt(entry, 'length', { min: 0 }),
    hasLength: entry.has('length'),
    mtime: integerAt(entry, 'mtime', { min: 0 }),
    symlinkPath: symlink?.map((element) => (isBytes(element) ? toLatin1(element) : undefined)),
  }
}

/**
 * A file of these fields.
 * @throws InputError `TORRENT_FILE_LENGTH`, `TORRENT_SYMLINK`
 */
export function listedFile(elements: readonly string[], fields: ListedFields): ListedFile {
  const { attr = '', mtime } = fields
  const symlink = attr.includes('l') ? namesIn(fields.symlinkPath, 'symlink path', 'TORRENT_SYMLINK') : undefined
  const length = fields.length ?? (symlink && !fields.hasLength ? 0 : undefined)
  if (length === undefined) throw new InputError('TORRENT_FILE_LENGTH', 'a file without a possible length')
  if (symlink !== undefined && length > 0) throw new InputError('TORRENT_SYMLINK', 'a symbolic link with a length')
  const file = {
    elements,
    length,
    pad: attr.includes('p') && symlink === undefined,
    executable: attr.includes('x'),
    hidden: attr.includes('h'),
  }
  if (symlink === undefined && mtime === undefined) return file
  return { ...file, ...(symlink && { symlink }), ...(mtime !== undefined && { mtime }) }
}

/**
 * A list of names that is not empty and has nothing else in it.
 * @throws InputError `code` when it is anything else
 */
export function namesIn(
  list: readonly (string | undefined)[] | undefined,
  key: string,
  code: string,
): readonly string[] {
  if (list === undefined || list.length === 0 || list.includes(undefined)) {
    throw new InputError(code, `${key} is no list of names`)
  }
  return list as readonly string[]
}
