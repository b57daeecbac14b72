// The file tree of v2 (BEP 52): dictionaries are directories, and a dictionary whose only key is empty is a file. Files come
// in the order of the tree. That order decides where each piece lies, so keys out of order are refused here even though other
// dictionaries may have them, and names that no file can have – `.`, `..`, with `/` or NUL – are not bent but refused: v2 knows no
// old writers that left them. No recursion: the depth is a stranger's choice.

import { type BencodeDict, bytesAt, dictAt, isDict } from '@torrential/bencode'
import { InputError, toLatin1 } from '@torrential/primitives'
import { fieldsOf, type ListedFile, listedFile } from './listed-file.ts'
import type { MetainfoLimits } from './metainfo.ts'
import type { FileList } from './v1-files.ts'

/** Elements of all paths together: each file repeats its directories. */
const MAX_ELEMENTS = 3_000_000

interface Directory {
  readonly entries: Iterator<[string, unknown]>
  readonly elements: readonly string[]
}

/**
 * @param name raw name of the torrent; a tree that is one file of that name is a single-file torrent
 * @throws InputError `TORRENT_FILE_TREE`, `TORRENT_FILE_TREE_NAME`, `TORRENT_FILE_COUNT`, `TORRENT_FILE_LENGTH`, `TORRENT_PIECES_ROOT`, `TORRENT_SYMLINK`, `TORRENT_PATH`
 */
export function readFileTree(
  info: BencodeDict,
  name: Uint8Array,
  { maxPathDepth, maxFiles }: Pick<Required<MetainfoLimits>, 'maxPathDepth' | 'maxFiles'>,
): FileList {
  const root = dictAt(info, 'file tree')
  if (root === undefined || root.size === 0) malformed('there is no file tree')
  const files: ListedFile[] = []
  let spent = 0
  const open: Directory[] = [openDirectory(root, [])]
  for (let directory = open.at(-1); directory !== undefined; directory = open.at(-1)) {
    const next = directory.entries.next()
    if (next.done === true) {
      open.pop()
      continue
    }
    const [key, node] = next.value
    if (!isNode(node)) malformed('an entry is no dictionary')
    if (key === '') malformed('a file without a name')
    if (key === '.' || key === '..' || /[/\0]/.test(key)) {
      throw new InputError('TORRENT_FILE_TREE_NAME', `a name that is none: ${JSON.stringify(key.slice(0, 200))}`)
    }
    const elements = [...directory.elements, key]
    spent += elements.length
    if (elements.length > maxPathDepth || spent > MAX_ELEMENTS) {
      throw new InputError('TORRENT_PATH', `a path of more than ${maxPathDepth} elements, or too many of them`)
    }
    if (files.length >= maxFiles) throw new InputError('TORRENT_FILE_COUNT', `more than ${maxFiles} files`)
    if (node.has('')) files.push(readLeaf(node, elements))
    else open.push(openDirectory(node, elements))
  }
  if (files.length === 0) malformed('there is no file in the tree')
  const only = files.length === 1 && root.size === 1 ? files[0] : undefined
  const isSingle = only?.elements.length === 1 && only.elements[0] === toLatin1(name)
  return { files, isMultiFile: !isSingle }
}

function openDirectory(dict: BencodeDict, elements: readonly string[]): Directory {
  let previous = ''
  for (const key of dict.keys()) {
    if (key < previous) malformed('names are out of order')
    previous = key
  }
  return { entries: dict.entries(), elements }
}

function readLeaf(node: BencodeDict, elements: readonly string[]): ListedFile {
  const entry = dictAt(node, '')
  if (entry === undefined || node.size !== 1) malformed('a file that is also a directory')
  const file = listedFile(elements, fieldsOf(entry))
  if (file.pad) malformed('padding, which v2 does not have')
  if (file.length === 0) return file
  const piecesRoot = bytesAt(entry, 'pieces root', { length: 32 })
  if (piecesRoot === undefined) throw new InputError('TORRENT_PIECES_ROOT', 'a file without a root of 32 bytes')
  return { ...file, piecesRoot }
}

function isNode(node: unknown): node is BencodeDict {
  return isDict(node as BencodeDict)
}

function malformed(what: string): never {
  throw new InputError('TORRENT_FILE_TREE', `malformed file tree: ${what}`)
}
