// `torrential tracker`: a tracker over HTTP and UDP until a signal. Who is in which swarm is kept in memory only: clients
// announce again after a restart, that is what their interval is for.

import { withAbort } from '@torrential/primitives'
import { createTrackerServer, type TrackerServer, type TrackerServerStats } from '@torrential/tracker/server'
import type { CliContext } from '../cli-context.ts'
import { drainedWrite } from '../drained-write.ts'
import { EXIT } from '../exit-code.ts'
import { failureLine, failureOf } from '../failure.ts'
import { jsonLine } from '../json-lines.ts'
import { LiveArea } from '../live-area.ts'
import { isLiveTerminal } from '../open-reporter.ts'
import { formatDuration } from '../quantity.ts'

export interface TrackerOptions {
  /** IP address. @default all, IPv6 and IPv4 */
  readonly host?: string
  /** For HTTP (TCP) and UDP. */
  readonly port: number
  readonly json?: boolean
}

/** Milliseconds between two statistics: for people and for programs. */
const terminalTick = 1000
const jsonTick = 10_000

/** Ends by a signal, or with 1 when the server fails. */
export async function tracker(options: TrackerOptions, context: CliContext): Promise<number> {
  const { host, port } = options
  await using server = await createTrackerServer({ port, ...(host !== undefined && { host }) })
  await drainedWrite(context.stdout, readyText(server, options.json === true))
  using _ = startStatistics(server, options.json === true, context)
  for await (const event of server.events({ signal: context.signal, types: ['error', 'closed'] })) {
    if (event.type === 'error') context.stderr.write(failureLine(failureOf(event.error)))
    if (event.type === 'closed') return EXIT.failed
  }
  return withAbort(Promise.resolve(EXIT.failed), context.signal)
}

function readyText(server: TrackerServer, json: boolean): string {
  const { urls, address } = server
  if (json) return jsonLine({ type: 'ready', urls, host: address.host, port: address.port })
  return urls.map((url) => `ready     ${url}\n`).join('')
}

function startStatistics(server: TrackerServer, json: boolean, context: CliContext): Disposable {
  const area = !json && isLiveTerminal(context) ? new LiveArea(context.stdout) : undefined
  if (area === undefined && !json) return { [Symbol.dispose]: () => {} }
  const show = () => {
    if (area === undefined) context.stdout.write(jsonLine({ type: 'stats', ...server.stats }))
    else area.draw([describeStats(server.stats)])
  }
  const timer = setInterval(show, json ? jsonTick : terminalTick)
  return {
    [Symbol.dispose]() {
      clearInterval(timer)
      area?.[Symbol.dispose]()
    },
  }
}

/** `3 torrents, 2 seeders, 5 leechers; announces 12 http, 30 udp; 1 refused; up 2 m 10 s` */
export function describeStats(stats: TrackerServerStats): string {
  const { torrents, seeders, leechers, announces, refused, uptime } = stats
  const swarm = `${torrents} torrents, ${seeders} seeders, ${leechers} leechers`
  const asked = `announces ${announces.http} http, ${announces.udp} udp; ${refused.http + refused.udp} refused`
  return `${swarm}; ${asked}; up ${formatDuration(uptime)}`
}
