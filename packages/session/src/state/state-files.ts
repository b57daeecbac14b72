// The few things that are done to the files of a state directory. They lie flat in one folder under names that are ours, so no
// path of a torrent ever gets here.
//
// What survives: `replace` gives the old file or the new one, never a mixture, whatever happens meanwhile (temporary file,
// sync, rename, sync of the directory). `append` may be torn by a crash; who reads must find the end of what is whole.

import { constants, type FileHandle, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '@torrential/primitives'
import { nodeFileSystem } from '@torrential/storage'

/** Errors are `InputError` `STATE_WRITE` with the `path`. */
export interface StateFiles {
  readonly folder: string
  /** Undefined when it is missing, unreadable or longer than `limit` bytes. */
  read(name: string, limit: number): Promise<Uint8Array | undefined>
  /** Durable, all or nothing. */
  replace(name: string, content: string | Uint8Array): Promise<void>
  /** At the end of the file, which is made when it is missing; `durable` also waits for the disk. */
  append(name: string, content: string, durable: boolean): Promise<void>
  remove(name: string): Promise<void>
  /** Names of all files; none when there is no folder. */
  list(): Promise<string[]>
}

export class NodeStateFiles implements StateFiles {
  readonly folder: string
  #temporary = 0

  /** `folder` is absolute, and made when something is written. */
  constructor(folder: string) {
    this.folder = folder
  }

  async read(name: string, limit: number): Promise<Uint8Array | undefined> {
    try {
      const path = join(this.folder, name)
      const { size } = await stat(path)
      return size > limit ? undefined : await readFile(path)
    } catch {
      return undefined
    }
  }

  async replace(name: string, content: string | Uint8Array): Promise<void> {
    const path = join(this.folder, name)
    const temporary = `${path}.${process.pid}.${this.#temporary++}${TEMPORARY}`
    try {
      await nodeFileSystem.makeDirectory(this.folder, { recursive: true })
      {
        await using file = await open(temporary, 'w')
        await file.writeFile(content)
        await file.sync()
      }
      await rename(temporary, path)
      await syncDirectory(this.folder)
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {})
      throw unwritable(path, error)
    }
  }

  async append(name: string, content: string, durable: boolean): Promise<void> {
    const path = join(this.folder, name)
    try {
      await using file = await this.#openToAppend(path)
      await writeWhole(file, Buffer.from(content))
      if (durable) await file.datasync()
    } catch (error) {
      throw unwritable(path, error)
    }
  }

  async #openToAppend(path: string): Promise<FileHandle> {
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT
    try {
      return await open(path, flags, 0o666)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      await nodeFileSystem.makeDirectory(this.folder, { recursive: true })
      return open(path, flags, 0o666)
    }
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.folder, name), { force: true })
  }

  list(): Promise<string[]> {
    return readdir(this.folder).catch(() => [])
  }
}

/** How the names of files end that a crash left behind in the middle of `replace`. */
export const TEMPORARY = '.new'

/** A rename is durable when its directory is. Some systems cannot open directories: there it is as durable as they make it. */
async function syncDirectory(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, 'r')
    await handle.sync()
  } catch {}
}

async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten
}

function unwritable(path: string, cause: unknown): InputError {
  return new InputError('STATE_WRITE', `${path} cannot be written`, { path, cause })
}
