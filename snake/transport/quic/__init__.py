"""HTTP/3: QUIC on a UDP socket, by aioquic."""
