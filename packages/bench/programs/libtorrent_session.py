"""libtorrent sessions with torrents, told what to do by one JSON line on stdin.

  {"role": "leech" | "seed" | "idle", "host": H, "port": N, "sessions": N, "torrents": [{"file": PATH, "directory": DIR}],
   "peers": ["127.0.0.1:1"], "uploadLimit": BYTES_PER_SECOND, "slots": N, "connections": N, "sendBuffer": BYTES, "stay": BOOL, "idleSeconds": N,
   "state": DIR, "checked": BOOL}

  seed   every torrent is complete and trusted, or with "checked" checked first, after which the hashes of blocks are known; prints {"ports": [...]}, one of each session, and goes on until stdin ends
  leech  prints {"finished": true} when everything is complete and written, then ends, or with "stay" goes on until stdin ends
  idle   adds the torrents from resume data in "state" (made by the role "state"), prints {"values": {...}, "ports": [...]} after
         idling, and goes on until stdin ends
  state  writes that resume data

Plain TCP only: no DHT, LSD, uTP, port mapping, PEX or encryption.
"""

import ctypes
import gc
import json
import os
import resource
import sys
import time

import libtorrent as lt

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../interop/drivers"))

from libtorrent_common import SETTINGS, WITHOUT_ENCRYPTION, endpoint, say  # noqa: E402

# Only what both of us need: no ut_pex, which would make the peers of a test depend on who tells whom.
NO_PLUGINS = 0


def make_session(config):
    listen = f"{config.get('host', '127.0.0.1')}:{config.get('port', 0)}"
    settings = dict(SETTINGS, **WITHOUT_ENCRYPTION, listen_interfaces=listen, alert_queue_size=1_000_000)
    if config.get("slots"):
        settings["unchoke_slots_limit"] = config["slots"]
    if config.get("sendBuffer"):
        settings["send_socket_buffer_size"] = config["sendBuffer"]
    if config.get("connections"):
        settings["connections_limit"] = config["connections"]
    return lt.session(settings, NO_PLUGINS)


def params_of(torrent, complete):
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(torrent["file"])
    params.save_path = torrent["directory"]
    params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    if complete:
        params.have_pieces = [True] * params.ti.num_pieces()
    return params


def add_all(session, config, complete):
    handles = []
    for torrent in config["torrents"]:
        handle = session.add_torrent(params_of(torrent, complete))
        if config.get("uploadLimit"):
            handle.set_upload_limit(config["uploadLimit"])
        if config.get("connections"):
            handle.set_max_connections(config["connections"])
        for peer in config.get("peers", []):
            handle.connect_peer(endpoint(peer))
        handles.append(handle)
    return handles


def until_stdin_ends():
    while sys.stdin.readline():
        pass


def seed(config):
    sessions = [make_session(config) for _ in range(config.get("sessions", 1))]
    for session in sessions:
        for handle in add_all(session, config, not config.get("checked")):
            while not handle.status().is_seeding:
                time.sleep(0.005)
    say({"ports": [session.listen_port() for session in sessions]})
    until_stdin_ends()


def leech(config):
    session = make_session(config)
    add_all(session, config, False)
    # A cache may be flushed before its torrent is finished, too.
    finished, flushed = set(), set()
    while len(flushed) < len(config["torrents"]):
        session.wait_for_alert(1000)
        for alert in session.pop_alerts():
            if isinstance(alert, lt.torrent_finished_alert):
                finished.add(alert.torrent_name)
                alert.handle.flush_cache()
            elif isinstance(alert, lt.cache_flushed_alert):
                if alert.torrent_name in finished:
                    flushed.add(alert.torrent_name)
            elif isinstance(alert, (lt.torrent_error_alert, lt.file_error_alert, lt.listen_failed_alert)):
                raise SystemExit(alert.message())
    say({"finished": True})
    if config.get("stay"):
        until_stdin_ends()


def state(config):
    for index, torrent in enumerate(config["torrents"]):
        with open(f"{config['state']}/{index}", "wb") as file:
            file.write(lt.write_resume_data_buf(params_of(torrent, True)))


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def settle():
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def idle(config):
    session = make_session(config)
    settle()
    base = resident()
    start = time.monotonic()
    count = len(config["torrents"])
    for index in range(count):
        with open(f"{config['state']}/{index}", "rb") as file:
            session.async_add_torrent(lt.read_resume_data(file.read()))
    seeding = 0
    while seeding < count:
        session.wait_for_alert(1000)
        seeding += sum(isinstance(alert, lt.torrent_finished_alert) for alert in session.pop_alerts())
    added = time.monotonic() - start
    settle()
    before = cpu_seconds()
    time.sleep(config["idleSeconds"])
    used = cpu_seconds() - before
    settle()
    each = (resident() - base) / count
    say(
        {
            "values": {"add": added, "each": each / 1000, "idle": 100 * used / config["idleSeconds"]},
            "ports": [session.listen_port()],
        }
    )
    until_stdin_ends()


config = json.loads(sys.stdin.readline())
{"seed": seed, "leech": leech, "state": state, "idle": idle}[config["role"]](config)
sys.stdout.flush()
# Leaving through the destructors would wait for trackers and peers; every byte is in the files.
os._exit(0)
