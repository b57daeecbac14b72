// libtorrent 2 (Debian's python3-libtorrent) behind drivers/libtorrent_peer.py.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Counterpart } from './counterpart.ts'
import { LineDriver } from './line-driver.ts'
import { findProgram, type ProgramOptions } from './program.ts'

const run = promisify(execFile)

/** The driver script. */
export const LIBTORRENT_DRIVER = fileURLToPath(new URL('../drivers/libtorrent_peer.py', import.meta.url))

let found: Promise<string | undefined> | undefined

/** Path of a Python that has the libtorrent module, or undefined. The first `python3` of a PATH need not be the system's. */
export function findLibtorrentPython(): Promise<string | undefined> {
  found ??= firstWithLibtorrent(['/usr/bin/python3', findProgram('python3')])
  return found
}

async function firstWithLibtorrent(candidates: readonly (string | undefined)[]): Promise<string | undefined> {
  for (const python of candidates) {
    if (python === undefined) continue
    const works = await run(python, ['-c', 'import libtorrent']).then(
      () => true,
      () => false,
    )
    if (works) return python
  }
  return undefined
}

async function program(host: string): Promise<ProgramOptions> {
  const command = (await findLibtorrentPython()) ?? '/usr/bin/python3'
  return { name: 'libtorrent', command, args: [LIBTORRENT_DRIVER, host] }
}

/** See the module's header. */
export const libtorrent: Counterpart = {
  name: 'libtorrent',
  needsNamespace: false,
  async available() {
    return (
      (await findLibtorrentPython()) !== undefined ||
      'no python3 with the libtorrent module (Debian: python3-libtorrent)'
    )
  },
  seed: async (ground, options) => LineDriver.start(ground, await program(ground.host), { ...options, seed: true }),
  leech: async (ground, options) => LineDriver.start(ground, await program(ground.host), { ...options, seed: false }),
}
