//! What the tests share: a site of its own for each test, a PAM host, servers, and clients of them.
