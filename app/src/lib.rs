//! The pages of IotaBackup, rendered on the server and hydrated in the browser.
