// Whether a file of a torrent may have another path: one that users choose, by the same rules as those that are made.

import type { PathRules } from './metainfo.ts'
import { safeName } from './safe-name.ts'
import { fold } from './safe-path.ts'

/** True when each element is one that this package would have made: relative, inside, and valid where `rules` say. */
export function isSafePath(path: string, rules: PathRules): boolean {
  return path.split('/').every((element) => safeName(element, rules) === element)
}

/** The first of `others` that cannot be beside `path`: the same file on some system, or one is a directory of the other. */
export function conflictingPath(path: string, others: Iterable<string>): string | undefined {
  const key = fold(path)
  for (const other of others) {
    const otherKey = fold(other)
    if (otherKey === key || otherKey.startsWith(`${key}/`) || key.startsWith(`${otherKey}/`)) return other
  }
  return undefined
}
