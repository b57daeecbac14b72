// What a new torrent is made of: one file, or every file of a directory, in the order of the raw bytes of their paths, so
// that the same tree gives the same torrent on every machine.
//
// Nothing is left out in silence. Pipes, sockets and devices are refused, with their path, and so are names that are not UTF-8,
// which other systems could not write. A symbolic link is a link in the torrent too (BEP 47), never its target's content, if what
// it leads to is in the tree; one that leads out of it, to nothing or in circles is refused.

import type { AbortOptions } from '@torrential/primitives'
import { compareBytes, concatBytes, fromUtf8, InputError, throwIfAborted, toUtf8 } from '@torrential/primitives'
import type { BigIntStats, Dirent } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { linkTarget } from './source-link.ts'
import { systemCode } from './storage-failure.ts'

/** A file of the tree, as it was when it was found. */
export interface SourceTreeFile {
  /** Below the tree's root, in elements; empty for a single file. */
  readonly elements: readonly string[]
  /** Absolute. */
  readonly path: string
  /** bytes */
  readonly length: number
  /** Its owner may execute it. As libtorrent has it, so is every link. */
  readonly executable: boolean
  /** A symbolic link to this path below the tree's root, in elements. */
  readonly symlink?: readonly string[]
  /** Changes whenever the content may have changed. */
  readonly stamp: string
}

export interface SourceTree {
  /** Last element of the path. */
  readonly name: string
  /** Absolute. */
  readonly path: string
  readonly isDirectory: boolean
  /** Sorted by the raw bytes of their paths. */
  readonly files: readonly SourceTreeFile[]
}

const SLASH = fromUtf8('/')
const AT_ONCE = 64
const OWNER_EXECUTES = 0o100n
/** Directory levels, as in everything that reads a torrent. */
const DEPTH = 100

/**
 * @throws InputError `CREATE_MISSING` (nothing there), `CREATE_KIND` (neither file nor directory, or a link that
 * leaves the tree), `CREATE_NAME`
 * (not UTF-8, or no name), `CREATE_DEPTH` (above 100 levels), `CREATE_UNREADABLE` (the system error is the cause)
 */
export async function readSourceTree(path: string, options?: AbortOptions): Promise<SourceTree> {
  const root = resolve(path)
  const name = basename(root)
  if (name === '') throw new InputError('CREATE_NAME', `there is no name to give a torrent of ${root}`, { path: root })
  const stats = await statOf(root)
  if (stats.isFile()) return { name, path: root, isDirectory: false, files: [fileOf([], root, stats)] }
  if (!stats.isDirectory()) throw wrongKind(root)
  const found: { readonly file: SourceTreeFile; readonly key: Uint8Array }[] = []
  for await (const file of walk(root, root, [])) {
    throwIfAborted(options)
    found.push({ file, key: fromUtf8(file.elements.join('/')) })
  }
  found.sort((a, b) => compareBytes(a.key, b.key))
  return { name, path: root, isDirectory: true, files: found.map(({ file }) => file) }
}

/**
 * The first file found that is not what it was, or that is gone; `undefined` when all are.
 * @throws InputError `CREATE_UNREADABLE`
 */
export async function findChanged(tree: SourceTree, options?: AbortOptions): Promise<string | undefined> {
  for (const some of slices(tree.files)) {
    throwIfAborted(options)
    const stamps = await Promise.all(some.map((file) => stampOf(file.path)))
    const changed = some.find((file, i) => stamps[i] !== file.stamp)
    if (changed !== undefined) return changed.path
  }
  return undefined
}

/** What identifies the content of a file without reading it; `undefined` when it is gone. */
async function stampOf(path: string): Promise<string | undefined> {
  try {
    return stamp(await statOf(path))
  } catch (error) {
    if (systemCode(error) === 'CREATE_MISSING') return undefined
    throw error
  }
}

interface Place {
  readonly elements: readonly string[]
  readonly path: string
}

async function* walk(root: string, directory: string, above: readonly string[]): AsyncGenerator<SourceTreeFile> {
  if (above.length >= DEPTH) throw new InputError('CREATE_DEPTH', `more than ${DEPTH} levels: ${directory}`)
  const files: Place[] = []
  for (const entry of await entriesOf(directory)) {
    const name = toUtf8(entry.name, { strict: true })
    if (name === undefined) {
      const shown = toUtf8(concatBytes([fromUtf8(directory), SLASH, entry.name]))
      throw new InputError('CREATE_NAME', `the name is not UTF-8: ${shown}`, { path: shown })
    }
    const path = join(directory, name)
    const elements = [...above, name]
    if (entry.isDirectory()) yield* walk(root, path, elements)
    else files.push({ elements, path })
  }
  for (const some of slices(files)) yield* await Promise.all(some.map((place) => examine(root, place)))
}

async function examine(root: string, { elements, path }: Place): Promise<SourceTreeFile> {
  const stats = await statOf(path)
  if (stats.isSymbolicLink()) return { ...fileOf(elements, path, stats), ...(await linkOf(root, path)) }
  if (!stats.isFile()) throw wrongKind(path)
  return fileOf(elements, path, stats)
}

/** Runs of `items` that are worked on at the same time: the system takes a few questions at once, and they wait for it. */
function* slices<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += AT_ONCE) yield items.slice(at, at + AT_ONCE)
}

async function linkOf(root: string, path: string): Promise<Pick<SourceTreeFile, 'symlink' | 'length' | 'executable'>> {
  const symlink = await linkTarget(root, path)
  if (symlink === undefined) throw wrongKind(path)
  return { symlink, length: 0, executable: true }
}

async function entriesOf(directory: string): Promise<Dirent<Buffer>[]> {
  try {
    return await readdir(directory, { withFileTypes: true, encoding: 'buffer' })
  } catch (error) {
    throw unreadable(directory, error)
  }
}

async function statOf(path: string): Promise<BigIntStats> {
  try {
    return await lstat(path, { bigint: true })
  } catch (error) {
    throw unreadable(path, error)
  }
}

function fileOf(elements: readonly string[], path: string, stats: BigIntStats): SourceTreeFile {
  const executable = (stats.mode & OWNER_EXECUTES) !== 0n
  return { elements, path, length: Number(stats.size), executable, stamp: stamp(stats) }
}

function stamp(stats: BigIntStats): string {
  return `${stats.ino}.${stats.size}.${stats.mtimeNs}`
}

function unreadable(path: string, cause: unknown): InputError {
  const isMissing = systemCode(cause) === 'ENOENT'
  return isMissing
    ? new InputError('CREATE_MISSING', `there is nothing at ${path}`, { path, cause })
    : new InputError('CREATE_UNREADABLE', `cannot be read (${systemCode(cause) ?? 'unknown error'}): ${path}`, {
        path,
        cause,
      })
}

function wrongKind(path: string): InputError {
  return new InputError('CREATE_KIND', `neither a file nor a directory, nor a link to one inside: ${path}`, {
    path,
  })
}
