"""A client of a socket that says what it is told to, as whichever user runs it.

peer.py SOCKET          what comes on standard input goes there, and what it says to standard output
peer.py SOCKET COUNT HEX  opens so many connections, says these bytes in each, says that it has, and
                        holds them until its input ends; none of them reads anything
"""
import os, socket, sys, threading

def connect():
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.connect(sys.argv[1])
    return one

if len(sys.argv) > 2:
    held = [connect() for _ in range(int(sys.argv[2]))]
    for one in held:
        if sys.argv[3]:
            one.sendall(bytes.fromhex(sys.argv[3]))
    print("holding", flush=True)
    sys.stdin.read()
    sys.exit()

stream = connect()

def pass_on():
    while piece := os.read(0, 65536):
        try:
            stream.sendall(piece)
        except OSError:
            return

threading.Thread(target=pass_on, daemon=True).start()
try:
    while piece := stream.recv(65536):
        os.write(1, piece)
except OSError:
    pass
