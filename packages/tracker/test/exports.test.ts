import { expect, test } from '@jest/globals'
import * as tracker from '@torrential/tracker'
import * as server from '@torrential/tracker/server'

test('the client entry exports exactly these names', () => {
  expect(Object.keys(tracker).sort()).toEqual([
    'Announcer',
    'HttpTracker',
    'TrackerClients',
    'TrackerSource',
    'UdpTracker',
    'localNetworkGuard',
    'parseTrackerUrl',
  ])
})

test('the server entry exports exactly these names', () => {
  expect(Object.keys(server).sort()).toEqual(['SWEEP_INTERVAL', 'Swarm', 'SwarmStore', 'createTrackerServer'])
})
