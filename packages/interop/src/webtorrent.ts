// WebTorrent (npm, with a lock file of its own in ../webtorrent; bin/prepare.sh installs it) behind webtorrent/peer.js.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Counterpart } from './counterpart.ts'
import type { Ground } from './ground.ts'
import { LineDriver } from './line-driver.ts'
import type { ProgramOptions } from './program.ts'

const folder = new URL('../webtorrent/', import.meta.url)

/** The driver script. */
export const WEBTORRENT_DRIVER = fileURLToPath(new URL('peer.js', folder))

/** True, or why it cannot run here. */
export function webtorrentInstalled(): true | string {
  return (
    existsSync(new URL('node_modules/webtorrent/package.json', folder)) ||
    'webtorrent is not installed (run packages/interop/bin/prepare.sh)'
  )
}

const program: ProgramOptions = { name: 'webtorrent', command: process.execPath, args: [WEBTORRENT_DRIVER] }

/** See the module's header. */
export const webtorrent: Counterpart = {
  name: 'webtorrent',
  needsNamespace: false,
  available: async () => webtorrentInstalled(),
  seed: (ground: Ground, options) => LineDriver.start(ground, program, { ...options, seed: true }),
  leech: (ground: Ground, options) => LineDriver.start(ground, program, { ...options, seed: false, rarestFirst: true }),
}
