//! Due broadcasts become chunk rows and jobs; re-queues what nobody finished; closes and counts.
