// A file as an info dictionary lists it, before its path is made safe: what the v1 list and the v2 tree have in common.

import { type BencodeDict, bytesAt, integerAt, isBytes, listAt } from '@torrential/bencode'
import { InputError } from '@torrential/primitives'

/** One entry of the v1 `files` list or one leaf of the v2 `file tree`. */
export interface ListedFile {
  /** Raw path below the torrent's root: hostile bytes. */
  readonly elements: readonly Uint8Array[]
  readonly length: number
  readonly pad: boolean
  readonly executable: boolean
  readonly hidden: boolean
  /** Raw path of the target below the torrent's root. */
  readonly symlink?: readonly Uint8Array[]
  readonly piecesRoot?: Uint8Array
  readonly mtime?: number
}

/**
 * Reads length and attributes (BEP 47) of a file.
 * @throws InputError `TORRENT_FILE_LENGTH`, `TORRENT_SYMLINK`
 */
export function readListedFile(entry: BencodeDict, elements: readonly Uint8Array[]): ListedFile {
  const attributes = bytesAt(entry, 'attr', { max: 64 }) ?? new Uint8Array()
  const has = (letter: string) => attributes.includes(letter.charCodeAt(0))
  const symlink = has('l') ? readSymlink(entry) : undefined
  const length = integerAt(entry, 'length', { min: 0 }) ?? (symlink && !entry.has('length') ? 0 : undefined)
  if (length === undefined) throw new InputError('TORRENT_FILE_LENGTH', 'a file without a possible length')
  if (symlink !== undefined && length > 0) throw new InputError('TORRENT_SYMLINK', 'a symbolic link with a length')
  const mtime = integerAt(entry, 'mtime', { min: 0 })
  return {
    elements,
    length,
    pad: has('p') && symlink === undefined,
    executable: has('x'),
    hidden: has('h'),
    ...(symlink && { symlink }),
    ...(mtime !== undefined && { mtime }),
  }
}

/**
 * A list of byte strings that is not empty.
 * @throws InputError `code` when it is anything else
 */
export function readElements(entry: BencodeDict, key: string, code: string): readonly Uint8Array[] {
  const elements = listAt(entry, key)
  if (elements === undefined || elements.length === 0 || !elements.every(isBytes)) {
    throw new InputError(code, `${key} is no list of names`)
  }
  return elements
}

function readSymlink(entry: BencodeDict): readonly Uint8Array[] {
  return readElements(entry, 'symlink path', 'TORRENT_SYMLINK')
}
