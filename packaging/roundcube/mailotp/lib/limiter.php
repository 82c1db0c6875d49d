<?php

/** How often somebody may ask, in a minute. What is counted lies in Roundcube's cache, for all of its processes. */
class mailotp_limiter
{
    const MINUTE = 60;

    private $cache;
    private $most;

    public function __construct($cache, $most)
    {
        $this->cache = $cache;
        $this->most = $most;
    }

    /** Counts one more of `$who`, and says whether it is allowed. */
    public function allows($who, $now)
    {
        $key = hash('sha256', $who);
        $count = $this->cache->get($key);

        if (!is_array($count) || $now - $count[0] >= self::MINUTE) {
            $count = [$now, 0];
        }

        $count[1]++;
        $this->cache->set($key, $count);
        $this->cache->close();

        return $count[1] <= $this->most;
    }
}
