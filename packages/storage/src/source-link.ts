// Where a symbolic link of a new torrent leads, as the torrent says it: a path below the tree's root (BEP 47). libtorrent 2.0
// writes the text of the link instead, which is the same for links in the root and wrong for all others.

import { readlink, realpath } from 'node:fs/promises'
import { dirname, relative, resolve, sep } from 'node:path'

/**
 * The target of the link at `path` below `root` (both absolute), in elements; `undefined` when it leads out of the root, to the
 * root itself, to nothing or in circles.
 */
export async function linkTarget(root: string, path: string): Promise<readonly string[] | undefined> {
  const [text, end, top] = await Promise.all([readlink(path), realpath(path), realpath(root)].map(orNothing))
  if (text === undefined || end === undefined || top === undefined) return undefined
  const target = resolve(dirname(path), text)
  // The path that is written down must lead where the link does: `..` behind another link could go elsewhere.
  if ((await orNothing(realpath(target))) !== end || below(top, end) === undefined) return undefined
  return below(root, target)
}

async function orNothing(found: Promise<string>): Promise<string | undefined> {
  return found.catch(() => undefined)
}

/** `path` below `directory`, in elements; `undefined` when it is not. */
function below(directory: string, path: string): readonly string[] | undefined {
  if (!path.startsWith(directory.endsWith(sep) ? directory : `${directory}${sep}`)) return undefined
  return relative(directory, path).split(sep)
}
