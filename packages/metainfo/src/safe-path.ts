// The one place where paths are made. Every path that leaves this package comes from here, strictly below the torrent's own
// root, and no two of them are the same file – not by case or Unicode form either, when names have to be portable – and none
// is a directory of another. Colliding names get a number, in the torrent's order, so that the result is the same everywhere.

import { InputError } from '@torrential/primitives'
import type { PathRules } from './metainfo.ts'
import { numberedName, safeName } from './safe-name.ts'

/** How paths are made. */
export interface SafePathOptions {
  readonly rules: PathRules
  /** Elements in a path at most. */
  readonly maxDepth: number
  /** New names that may be tried for files and directories that collide. */
  readonly maxRenames: number
}

/** Characters of all paths together: in a v2 tree each file repeats its directories, which may be long. */
const MAX_CHARACTERS = 32 * 1024 * 1024
/** Directories in all: a torrent of 10 MB can name millions, and each costs memory and time. */
const MAX_DIRECTORIES = 500_000

/** Makes the paths of one torrent, one call per file, in order. */
export class SafePaths {
  readonly #root: string
  readonly #options: SafePathOptions
  readonly #files = new Set<string>()
  /** Numbers of the directories; 0 is the root. Keys are built from these, so that deep paths cost no more than flat ones. */
  readonly #directories = new Map<string, number>()
  /** The number that was given last to each name that collided. */
  readonly #numbers = new Map<string, number>()
  /** Directories that had to be renamed, so that later files find them. */
  readonly #renamed = new Map<string, string>()
  #renames = 0
  #characters = 0

  /** `root`: the directory that holds all files, already safe; none for a single file. */
  constructor(root: string | undefined, options: SafePathOptions) {
    this.#root = root === undefined ? '' : `${root}/`
    this.#options = options
  }

  /**
   * The safe path of the file that the torrent calls `elements`, joined with `/`.
   * @throws InputError `TORRENT_PATH` (too deep, or too many characters or directories in all), `TORRENT_PATH_COLLISIONS`
   */
  add(elements: readonly (Uint8Array | string)[]): string {
    const names = safeElements(elements, this.#options)
    let parent = 0
    let joined = this.#root
    for (let i = 0; i < names.length - 1; i++) {
      const name = names[i] as string
      const key = this.#key(parent, name)
      const taken = this.#files.has(key) ? this.#renamedDirectory(parent, name, key) : name
      parent = this.#enter(taken === name ? key : this.#key(parent, taken))
      joined += `${taken}/`
    }
    const name = names.at(-1) as string
    const key = this.#key(parent, name)
    if (this.#files.has(key) || this.#directories.has(key)) {
      const renamed = this.#number(parent, name)
      this.#files.add(this.#key(parent, renamed))
      joined += renamed
    } else {
      this.#files.add(key)
      joined += name
    }
    this.#characters += joined.length
    if (this.#characters > MAX_CHARACTERS) throw new InputError('TORRENT_PATH', 'the paths are too long together')
    return joined
  }

  #enter(key: string): number {
    const known = this.#directories.get(key)
    if (known !== undefined) return known
    const number = this.#directories.size + 1
    if (number > MAX_DIRECTORIES) throw new InputError('TORRENT_PATH', `more than ${MAX_DIRECTORIES} directories`)
    this.#directories.set(key, number)
    return number
  }

  #renamedDirectory(parent: number, name: string, key: string): string {
    const known = this.#renamed.get(key)
    if (known !== undefined) return known
    const renamed = this.#number(parent, name)
    this.#renamed.set(key, renamed)
    return renamed
  }

  /** A name beside `name` that nothing has. */
  #number(parent: number, name: string): string {
    const key = this.#key(parent, name)
    for (let number = (this.#numbers.get(key) ?? 0) + 1; ; number++) {
      // Counted by the try, because a torrent can bring the numbered names itself.
      if (++this.#renames > this.#options.maxRenames) {
        throw new InputError('TORRENT_PATH_COLLISIONS', `more than ${this.#options.maxRenames} paths collide`)
      }
      const candidate = numberedName(name, number)
      const candidateKey = this.#key(parent, candidate)
      if (this.#files.has(candidateKey) || this.#directories.has(candidateKey)) continue
      this.#numbers.set(key, number)
      return candidate
    }
  }

  /** What is the same file on some system has the same key. */
  #key(parent: number, name: string): string {
    return `${parent}/${this.#options.rules === 'posix' ? name : fold(name)}`
  }
}

/**
 * The elements of a path, each safe; elements that stay in place or go up (empty, `.`, `..`) are left out.
 * At least one, at most `maxDepth`.
 * @throws InputError `TORRENT_PATH`
 */
export function safeElements(
  elements: readonly (Uint8Array | string)[],
  options: { readonly rules: PathRules; readonly maxDepth: number },
): readonly string[] {
  if (elements.length > options.maxDepth) {
    throw new InputError('TORRENT_PATH', `a path of more than ${options.maxDepth} elements`)
  }
  const names: string[] = []
  for (const element of elements) {
    const name = safeName(element, options.rules)
    if (name !== undefined) names.push(name)
  }
  return names.length === 0 ? ['_'] : names
}

/** Upper and then lower case, as `ß`/`SS` and `ſ`/`s` only meet that way; NFC before and after, as either may decompose. */
export function fold(name: string): string {
  // Nearly every name; the full way is ten times slower, and torrents may have hundreds of thousands of names.
  if (/^[\x20-\x7e]*$/.test(name)) return name.toLowerCase()
  return name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC')
}
