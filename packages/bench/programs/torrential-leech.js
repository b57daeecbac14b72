// A session of ours that downloads torrents; told and telling as ../programs/libtorrent_session.py in the role `leech`. It also
// tells how late the event loop was.
import { readFile } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createSession } from '@torrential/session'
import { readConfig, say, stdinEnds } from './config.js'

const { host, port = 0, torrents, peers = [], connections, stay } = await readConfig()
// Milliseconds between two looks at the clock; what is beyond it is lateness.
const resolution = 5
const delay = monitorEventLoopDelay({ resolution })
const limits = connections === undefined ? {} : { maxConnections: connections, maxTorrentConnections: connections }
const session = await createSession({ host, port, ...limits })
delay.enable()
const added = await Promise.all(
  torrents.map(async ({ file, directory }) =>
    session.add(await readFile(file), { path: directory, peers, trackers: false }),
  ),
)
await Promise.all(added.map(({ done }) => done))
delay.disable()
const late = (ns) => Math.max(0, ns / 1e6 - resolution)
say({ finished: true })
if (stay) await stdinEnds()
say({ values: { p99: late(delay.percentile(99)), latest: late(delay.max) } })
await session.close()
process.exit(0)
