// Which files of a torrent a user means. A pattern without a slash is about names wherever they are (`*.iso`), one with a
// slash is about paths (`docs/*.txt`), and a folder's path means everything below it. A path that is spelled out always
// matches itself, even when its name contains [brackets]. Paths of a torrent with several files start with its name, which
// people leave out: a pattern is tried against both.

import { InputError } from '@torrential/primitives'
import picomatch from 'picomatch'

/** A file as far as choosing is concerned. */
export interface NamedFile {
  /** Relative, with `/`, the torrent's name first. */
  readonly path: string
}

/**
 * True for the paths that one of the patterns means.
 * @throws InputError `GLOB` when a pattern is longer than 1,000 characters or not a pattern
 */
export function globFilter(patterns: readonly string[]): (path: string) => boolean {
  const matchers = patterns.map(compile)
  return (path) => namesOf(path).some((name) => matchers.some((matches) => matches(name)))
}

/**
 * The one file that `wanted` means: a path, else a number (0 is the first file), else a glob. Without it the largest file,
 * of equals the first.
 * @throws InputError `FILE_NOT_FOUND`, `FILE_AMBIGUOUS` when a glob means several, `TORRENT_EMPTY` when there is no file
 */
export function chooseFile<File extends NamedFile & { readonly length: number }>(
  files: readonly File[],
  wanted: string | undefined,
): File {
  if (wanted === undefined) return largest(files)
  const exact = files.find((file) => file.path === wanted) ?? files.find((file) => namesOf(file.path).includes(wanted))
  if (exact !== undefined) return exact
  if (/^\d{1,9}$/.test(wanted)) {
    const file = files[Number(wanted)]
    if (file === undefined)
      throw new InputError('FILE_NOT_FOUND', `there is no file ${wanted}, only ${files.length} files`)
    return file
  }
  const matches = globFilter([wanted])
  const found = files.filter((file) => matches(file.path))
  if (found.length > 1) {
    throw new InputError('FILE_AMBIGUOUS', `${JSON.stringify(wanted)} means ${found.length} files; name one of them`)
  }
  const only = found[0]
  if (only === undefined) throw new InputError('FILE_NOT_FOUND', `no file of the torrent is ${JSON.stringify(wanted)}`)
  return only
}

/** The path, and the path below the torrent's own folder. */
function namesOf(path: string): string[] {
  const slash = path.indexOf('/')
  return slash === -1 ? [path] : [path, path.slice(slash + 1)]
}

function largest<File extends { readonly length: number }>(files: readonly File[]): File {
  let best: File | undefined
  for (const file of files) if (best === undefined || file.length > best.length) best = file
  if (best === undefined) throw new InputError('TORRENT_EMPTY', 'the torrent has no file')
  return best
}

function compile(pattern: string): (path: string) => boolean {
  const bare = pattern.replace(/\/+$/, '')
  try {
    if (pattern.length > 1000) throw new RangeError('too long')
    const options = { dot: true, basename: !bare.includes('/') }
    const matches = picomatch(bare, options)
    const below = picomatch(`${bare}/**`, { dot: true })
    return (path) => path === bare || matches(path) || below(path)
  } catch (cause) {
    throw new InputError('GLOB', `not a glob: ${JSON.stringify(pattern.slice(0, 80))}`, { cause })
  }
}
