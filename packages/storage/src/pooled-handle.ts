// One file of the pool: who asks for it and how, the handle that they get, and what happens between opening it and the first use.
// A new file is made under a name that nothing had; one that is there is looked at before anybody may write to it.

import type { FileAccess, FileStat, OpenFile } from './file-system.ts'
import { systemCode } from './storage-failure.ts'

/** Whose handles they are: an identity for `evict`, and the hooks that hear of them. */
export interface HandleOwner {
  handleOpened?(file: number, mode: 'read' | 'write'): void
  handleClosed?(file: number): void
}

/** A file that somebody wants to use. */
export interface HandleRequest {
  readonly owner: HandleOwner
  /** The owner's number for the file. */
  readonly file: number
  /** Absolute. */
  readonly path: string
  readonly access: FileAccess
  /**
   * Runs before the file is opened and, when it is to be written and has content, again before `admit`: a rejection refuses it, so
   * that whoever swaps a directory for a link in between gets nothing overwritten. Not for new files, which are many.
   */
  approve?(): Promise<void>
  /** Runs once when a writable handle was opened, before anybody gets it; a rejection closes it again. */
  admit?(file: OpenFile, stat: FileStat): Promise<void>
}

/** An open file in use. Give it back with `release`, once. */
export interface PooledHandle {
  readonly file: OpenFile
}

const NEW_FILE: FileStat = { kind: 'file', size: 0, links: 1, modified: 0, identity: '' }

/** A file of the pool; the pool alone changes it. */
export class PoolEntry implements PooledHandle {
  readonly request: HandleRequest
  readonly writable: boolean
  readonly closed: Promise<void>
  users = 0
  retired = false
  checked = 0
  opening: Promise<void> | undefined
  open: OpenFile | undefined
  settle: () => void = () => {}

  constructor(request: HandleRequest) {
    this.request = request
    this.writable = request.access !== 'read'
    this.closed = new Promise((resolve) => {
      this.settle = resolve
    })
  }

  get file(): OpenFile {
    return this.open as OpenFile
  }
}

type Open = (path: string, access: FileAccess) => Promise<OpenFile>

/** The file, open and admitted; when it is refused, nothing stays open. @throws what `open` and the hooks of the request throw */
export async function openRequested(request: HandleRequest, open: Open): Promise<OpenFile> {
  let file: OpenFile | undefined
  try {
    await request.approve?.()
    // A new name is a new file: there is nothing to ask about it.
    file = request.access === 'create' ? await makeNew(request.path, open) : undefined
    const stat = file === undefined ? undefined : NEW_FILE
    file ??= await open(request.path, request.access)
    await admit(request, file, stat ?? (await file.stat()))
    return file
  } catch (error) {
    await file?.close().catch(() => {})
    throw error
  }
}

/** `undefined` when the name is taken. */
async function makeNew(path: string, open: Open): Promise<OpenFile | undefined> {
  try {
    return await open(path, 'make')
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return undefined
    throw error
  }
}

async function admit(request: HandleRequest, file: OpenFile, stat: FileStat): Promise<void> {
  if (stat.kind !== 'file') throw Object.assign(new Error('not a file'), { code: 'EISDIR' })
  if (request.access === 'read') return
  if (stat.size > 0) await request.approve?.()
  await request.admit?.(file, stat)
}
