<?php

/** The address that is forwarded. */
class mailotp_address
{
    /**
     * The address of a user, as the mail server is to hear it; null where it is none, or this machine's own: then
     * a proxy stands in front that `proxy_whitelist` does not name, and everybody would seem to sit there.
     */
    public static function of_user($remote, $own)
    {
        $remote = self::plain($remote);

        if ($remote === null || in_array($remote, ['127.0.0.1', '::1', self::plain($own)], true)) {
            return null;
        }

        return $remote;
    }

    /** An address in its shortest form, a mapped one as IPv4; null where it is none. */
    public static function plain($text)
    {
        if (!filter_var($text, FILTER_VALIDATE_IP)) {
            return null;
        }

        $bytes = inet_pton($text);
        $mapped = str_repeat("\0", 10) . "\xff\xff";

        if (strlen($bytes) === 16 && strncmp($bytes, $mapped, 12) === 0) {
            $bytes = substr($bytes, 12);
        }

        return inet_ntop($bytes);
    }

    /** Whom a limit counts as one: an IPv4 address, or an IPv6 /64, which one user can have for the asking. */
    public static function network($address)
    {
        $bytes = inet_pton($address);

        return strlen($bytes) === 16 ? inet_ntop(substr($bytes, 0, 8) . str_repeat("\0", 8)) . '/64' : $address;
    }
}
