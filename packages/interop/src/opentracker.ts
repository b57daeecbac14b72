// opentracker (Debian), which serves HTTP and UDP on one port. Debian builds it with a whitelist, so it is told the torrent.
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Needed } from './availability.ts'
import { until } from './deadline.ts'
import { freePort } from './free-port.ts'
import type { Ground } from './ground.ts'
import { findProgram, Program } from './program.ts'

/** A running opentracker. */
export interface RunningTracker {
  readonly http: string
  readonly udp: string
  readonly pid: number
  readonly output: () => string
  readonly stop: () => Promise<void>
}

/** For `missingPrograms`. */
export const opentracker: Needed = {
  name: 'opentracker',
  async available() {
    return findProgram('opentracker') !== undefined || 'opentracker is not installed (Debian: opentracker)'
  },
}

/** Starts one that serves the given torrents, named by their infohashes in hexadecimal. */
export async function startOpentracker(ground: Ground, infoHashes: readonly string[]): Promise<RunningTracker> {
  const folder = await ground.openFolder('opentracker')
  await writeFile(join(folder, 'whitelist'), infoHashes.map((hash) => `${hash}\n`).join(''))
  await chmod(join(folder, 'whitelist'), 0o644)
  const port = await freePort(ground.host)
  const command = findProgram('opentracker') ?? 'opentracker'
  const at = ['-i', ground.host, '-p', `${port}`, '-P', `${port}`, '-d', folder, '-w', 'whitelist', '-u', 'nobody']
  const program = ground.own(new Program({ name: 'opentracker', command, args: at }))
  const http = `http://${ground.host}:${port}/announce`
  await until(
    'opentracker to answer',
    () => {
      program.assertRunning()
      return fetch(http).then(
        () => true,
        () => false,
      )
    },
    { detail: () => program.tail() },
  )
  const udp = `udp://${ground.host}:${port}/announce`
  return { http, udp, pid: program.pid, output: () => program.tail(), stop: () => program.stop() }
}
