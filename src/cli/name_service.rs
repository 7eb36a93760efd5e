//! Where a program that has glibc linked in may look for names of users and hosts.

use std::ffi::{CStr, c_char, c_int};

// SAFETY: as nss.h of glibc declares it.
unsafe extern "C" {
    fn __nss_configure_lookup(database: *const c_char, services: *const c_char) -> c_int;
}

/// Keeps to what is linked in: for anything else in nsswitch.conf it would load libraries of the machine's glibc, and
/// crash with those of another version.
pub fn keep_to_own() {
    let own: [(&CStr, &CStr); 2] = [(c"passwd", c"files"), (c"hosts", c"files dns")];
    for (database, services) in own {
        // SAFETY: both end with a zero and live for ever; no other thread runs yet. Refused, the default stays.
        unsafe { __nss_configure_lookup(database.as_ptr(), services.as_ptr()) };
    }
}
