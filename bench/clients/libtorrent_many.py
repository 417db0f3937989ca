"""Seeds every torrent of a folder with libtorrent-rasterbar; prints SEEDING when all are complete, ends on SIGTERM.

    libtorrent_many.py TORRENTS DATA ADDRESS PORT CONNECTIONS
"""
import os
import signal
import sys
import time

import libtorrent as lt

torrents, data, address, port, connections = sys.argv[1:]
session = lt.session({
    "listen_interfaces": f"{address}:{port}",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "connections_limit": int(connections),
    "connections_slack": 500,
    "listen_queue_size": 500,
    "peer_turnover": 0,
    "allow_multiple_connections_per_ip": True,
    "active_limit": 10_000,
    "active_seeds": 10_000,
    "active_tracker_limit": 10_000,
    "active_checking": 10,
    "alert_mask": 0,
})
handles = []
for name in sorted(os.listdir(torrents)):
    parameters = lt.add_torrent_params()
    parameters.ti = lt.torrent_info(os.path.join(torrents, name))
    parameters.save_path = data
    # Auto-managed torrents wait for a turn of the queue.
    parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    handles.append(session.add_torrent(parameters))
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
while not all(handle.status().is_seeding for handle in handles):
    time.sleep(0.05)
print("SEEDING", flush=True)
signal.pause()
