// Turns whatever went wrong underneath into one StorageError that says which file and which piece. The system's code stays
// the code, except where the contract has a word of its own for it.

import { StorageError } from '@torrential/primitives'

/** What was being done, for the message and for `data`. */
export interface FailureContext {
  readonly path?: string
  readonly piece?: number
}

const words: ReadonlyMap<string, readonly [code: string, what: string]> = new Map([
  ['ENOENT', ['FILE_MISSING', 'the file is not there']],
  ['EISDIR', ['FILE_KIND', 'a directory is in the place of a file']],
  ['ELOOP', ['FILE_KIND', 'a symbolic link is in the place of a file']],
  ['ENOTDIR', ['FILE_KIND', 'a file is in the place of a directory']],
  ['ENXIO', ['FILE_KIND', 'something that is not a file is in its place']],
  ['ENOSPC', ['ENOSPC', 'the disk is full']],
  ['EDQUOT', ['EDQUOT', 'the disk quota is used up']],
  ['EACCES', ['EACCES', 'permission denied']],
  ['EROFS', ['EROFS', 'the file system is read-only']],
  ['EMFILE', ['EMFILE', 'too many open files']],
  ['ENAMETOOLONG', ['ENAMETOOLONG', 'the file system does not take a name or path of that length']],
])

/** The system's code of an error, or `undefined`. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}

/** A StorageError for `error`, with `data.path` and `data.piece` as far as they are known. */
export function storageFailure(error: unknown, context: FailureContext): StorageError {
  if (error instanceof StorageError) {
    if (context.piece === undefined || error.data.piece !== undefined) return error
    return new StorageError(error.code, `${error.message} (piece ${context.piece})`, {
      ...context,
      ...error.data,
      cause: error.cause ?? error,
    })
  }
  const system = systemCode(error) ?? 'STORAGE_FAILED'
  const [code, what] = words.get(system) ?? [system, error instanceof Error ? error.message : String(error)]
  const where = context.path === undefined ? '' : `: ${context.path}`
  const piece = context.piece === undefined ? '' : ` (piece ${context.piece})`
  return new StorageError(code, `${what}${where}${piece}`, { ...context, cause: error })
}

/** Made when something is used after it was closed. */
export function closedFailure(what: string): StorageError {
  return new StorageError('STORAGE_CLOSED', `the ${what} is closed`)
}
