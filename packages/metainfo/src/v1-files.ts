// The file list of v1 (BEP 3): either one `length`, or `files` in order.

import { type BencodeDict, BencodeReader } from '@torrential/bencode'
import { InputError, toLatin1 } from '@torrential/primitives'
import { fieldsOf, type ListedFields, type ListedFile, listedFile, MAX_ATTRIBUTES, namesIn } from './listed-file.ts'

/** Files in the torrent's order; whether they lie in a directory of the torrent's name. */
export interface FileList {
  readonly files: readonly ListedFile[]
  readonly isMultiFile: boolean
}

/**
 * @param list the encoded value of `files`, which `info` is without; `undefined` when there is none
 * @param name raw name of the torrent: the path of a single file
 * @throws InputError `TORRENT_FILES` (no list, an entry that is no dictionary, both forms at once), `TORRENT_FILE_COUNT`, `TORRENT_PATH`,
 * `TORRENT_FILE_LENGTH`, `TORRENT_SYMLINK`
 */
export function readV1Files(
  info: BencodeDict,
  list: Uint8Array | undefined,
  name: Uint8Array,
  maxFiles: number,
): FileList {
  if (list === undefined) return { files: [listedFile([toLatin1(name)], fieldsOf(info))], isMultiFile: false }
  if (info.has('length')) throw new InputError('TORRENT_FILES', 'a length of the torrent beside a list of files')
  const files: ListedFile[] = []
  const reader = new BencodeReader(list)
  if (!reader.enterList()) throw new InputError('TORRENT_FILES', 'files is no list of files')
  while (!reader.leave()) {
    if (!reader.enterDict()) throw new InputError('TORRENT_FILES', 'an entry of files is no dictionary')
    if (files.length >= maxFiles) throw new InputError('TORRENT_FILE_COUNT', `more than ${maxFiles} files`)
    files.push(readEntry(reader))
  }
  if (files.length === 0) throw new InputError('TORRENT_FILES', 'files is no list of files')
  return { files, isMultiFile: true }
}

/** Reads an entry to its end; the reader stands behind its `d`. */
function readEntry(reader: BencodeReader): ListedFile {
  const fields = { ...NO_FIELDS }
  let path: readonly (string | undefined)[] | undefined
  let utf8Path: readonly (string | undefined)[] | undefined
  while (!reader.leave()) {
    switch (reader.text()) {
      case 'length':
        fields.length = countOf(reader.integer())
        fields.hasLength = true
        break
      case 'path':
        path = reader.texts()
        break
      case 'path.utf-8':
        utf8Path = reader.texts()
        break
      case 'attr':
        fields.attr = attributesOf(reader.text())
        break
      case 'mtime':
        fields.mtime = countOf(reader.integer())
        break
      case 'symlink path':
        fields.symlinkPath = reader.texts()
        break
      default:
        reader.skip()
    }
  }
  // Old clients wrote `path` in the local code page and the right name beside it.
  const isUtf8 = utf8Path !== undefined && utf8Path.length > 0
  return listedFile(namesIn(isUtf8 ? utf8Path : path, isUtf8 ? 'path.utf-8' : 'path', 'TORRENT_PATH'), fields)
}

const NO_FIELDS: { -readonly [Key in keyof ListedFields]: ListedFields[Key] } = {
  attr: undefined,
  length: undefined,
  hasLength: false,
  mtime: undefined,
  symlinkPath: undefined,
}

/** A length or a time: safe, and not negative. */
function countOf(value: number | bigint | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined
}

function attributesOf(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= MAX_ATTRIBUTES ? text : undefined
}
