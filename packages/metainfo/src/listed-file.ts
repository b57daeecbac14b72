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

/**
 * Reads length and attributes (BEP 47) of a file.
 * @throws InputError `TORRENT_FILE_LENGTH`, `TORRENT_SYMLINK`
 */
export function readListedFile(entry: BencodeDict, elements: readonly string[]): ListedFile {
  const attr = entry.has('attr') ? bytesAt(entry, 'attr', { max: 64 }) : undefined
  const attributes = attr === undefined ? '' : toLatin1(attr)
  const symlink = attributes.includes('l') ? readSymlink(entry) : undefined
  const length = integerAt(entry, 'length', { min: 0 }) ?? (symlink && !entry.has('length') ? 0 : undefined)
  if (length === undefined) throw new InputError('TORRENT_FILE_LENGTH', 'a file without a possible length')
  if (symlink !== undefined && length > 0) throw new InputError('TORRENT_SYMLINK', 'a symbolic link with a length')
  const mtime = integerAt(entry, 'mtime', { min: 0 })
  const file = {
    elements,
    length,
    pad: attributes.includes('p') && symlink === undefined,
    executable: attributes.includes('x'),
    hidden: attributes.includes('h'),
  }
  if (symlink === undefined && mtime === undefined) return file
  return { ...file, ...(symlink && { symlink }), ...(mtime !== undefined && { mtime }) }
}

/**
 * A list of byte strings that is not empty, in latin1.
 * @throws InputError `code` when it is anything else
 */
export function readElements(entry: BencodeDict, key: string, code: string): readonly string[] {
  const elements = listAt(entry, key)
  if (elements === undefined || elements.length === 0 || !elements.every(isBytes)) {
    throw new InputError(code, `${key} is no list of names`)
  }
  return elements.map(toLatin1)
}

function readSymlink(entry: BencodeDict): readonly string[] {
  return readElements(entry, 'symlink path', 'TORRENT_SYMLINK')
}
