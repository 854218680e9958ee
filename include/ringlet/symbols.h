/* SPDX-License-Identifier: MIT */
/*
 * The symbols that the kernel library exports: these and no others, except for the functions of
 * string.h and the two entry points. tests/exports/check-exports compares this list with the
 * headers and with the library. A change of this file is a change of the interface.
 *
 * In an object file each has the prefix "ringlet_", so that an application may have its own
 * panic(), format() or sha256_init() beside the kernel's. Sources use the names without it. gcc and
 * clang both support the pragma
 * (https://gcc.gnu.org/onlinedocs/gcc/Symbol-Renaming-Pragmas.html).
 */
#ifndef RINGLET_SYMBOLS_H
#define RINGLET_SYMBOLS_H

/* blkfront.h */
#pragma redefine_extname blkfront_open_device ringlet_blkfront_open_device
#pragma redefine_extname init_blkfront ringlet_init_blkfront
#pragma redefine_extname shutdown_blkfront ringlet_shutdown_blkfront
#pragma redefine_extname blkfront_enumerate ringlet_blkfront_enumerate
#pragma redefine_extname blkfront_watch ringlet_blkfront_watch
#pragma redefine_extname blkfront_unwatch ringlet_blkfront_unwatch
#pragma redefine_extname blkfront_vdev_name ringlet_blkfront_vdev_name
#pragma redefine_extname blkfront_vdev_number ringlet_blkfront_vdev_number
#pragma redefine_extname blkfront_get_limits ringlet_blkfront_get_limits
#pragma redefine_extname blkfront_buf_alloc ringlet_blkfront_buf_alloc
#pragma redefine_extname blkfront_buf_free ringlet_blkfront_buf_free
#pragma redefine_extname blkfront_aio ringlet_blkfront_aio
#pragma redefine_extname blkfront_aio_enqueue ringlet_blkfront_aio_enqueue
#pragma redefine_extname blkfront_aio_submit ringlet_blkfront_aio_submit
#pragma redefine_extname blkfront_aio_submit_at ringlet_blkfront_aio_submit_at
#pragma redefine_extname blkfront_aio_push_operation ringlet_blkfront_aio_push_operation
#pragma redefine_extname blkfront_io ringlet_blkfront_io
#pragma redefine_extname blkfront_aio_poll ringlet_blkfront_aio_poll
#pragma redefine_extname blkfront_aio_wait ringlet_blkfront_aio_wait
#pragma redefine_extname blkfront_sync ringlet_blkfront_sync
#pragma redefine_extname blkfront_in_flight ringlet_blkfront_in_flight
#pragma redefine_extname blkfront_get_stats ringlet_blkfront_get_stats
#pragma redefine_extname blkfront_get_latency ringlet_blkfront_get_latency

/* checksum.h */
#pragma redefine_extname crc32c ringlet_crc32c
#pragma redefine_extname sha256_init ringlet_sha256_init
#pragma redefine_extname sha256_update ringlet_sha256_update
#pragma redefine_extname sha256_final ringlet_sha256_final
#pragma redefine_extname sha256_final_hex ringlet_sha256_final_hex

/* clock.h */
#pragma redefine_extname clock_now ringlet_clock_now
#pragma redefine_extname clock_last_look ringlet_clock_last_look
#pragma redefine_extname clock_wall ringlet_clock_wall
#pragma redefine_extname clock_deadline ringlet_clock_deadline
#pragma redefine_extname timer_init ringlet_timer_init
#pragma redefine_extname timer_start ringlet_timer_start
#pragma redefine_extname timer_stop ringlet_timer_stop

/* cmdline.h */
#pragma redefine_extname cmdline_split ringlet_cmdline_split
#pragma redefine_extname cmdline_parse ringlet_cmdline_parse

/* console.h */
#pragma redefine_extname console_write ringlet_console_write
#pragma redefine_extname console_read ringlet_console_read
#pragma redefine_extname console_take ringlet_console_take
#pragma redefine_extname console_room ringlet_console_room
#pragma redefine_extname console_on_event ringlet_console_on_event
#pragma redefine_extname console_drain ringlet_console_drain
#pragma redefine_extname console_dropped ringlet_console_dropped

/* console_port.h */
#pragma redefine_extname console_port_open ringlet_console_port_open
#pragma redefine_extname console_port_read ringlet_console_port_read
#pragma redefine_extname console_port_write ringlet_console_port_write
#pragma redefine_extname console_port_close ringlet_console_port_close

/* dm_op.h */
#pragma redefine_extname dm_op_create_ioreq_server ringlet_dm_op_create_ioreq_server
#pragma redefine_extname dm_op_destroy_ioreq_server ringlet_dm_op_destroy_ioreq_server
#pragma redefine_extname dm_op_get_ioreq_server_info ringlet_dm_op_get_ioreq_server_info
#pragma redefine_extname dm_op_map_range ringlet_dm_op_map_range
#pragma redefine_extname dm_op_unmap_range ringlet_dm_op_unmap_range
#pragma redefine_extname dm_op_set_ioreq_server_state ringlet_dm_op_set_ioreq_server_state
#pragma redefine_extname dm_op_set_isa_irq_level ringlet_dm_op_set_isa_irq_level
#pragma redefine_extname dm_op_set_pci_intx_level ringlet_dm_op_set_pci_intx_level
#pragma redefine_extname dm_op_set_pci_link_route ringlet_dm_op_set_pci_link_route
#pragma redefine_extname dm_op_inject_msi ringlet_dm_op_inject_msi
#pragma redefine_extname dm_op_vcpus ringlet_dm_op_vcpus
#pragma redefine_extname dm_op_modified_memory ringlet_dm_op_modified_memory
#pragma redefine_extname dm_op_remote_shutdown ringlet_dm_op_remote_shutdown

/* errno.h */
#pragma redefine_extname errno_name ringlet_errno_name

/* event_channel.h */
#pragma redefine_extname evtchn_alloc_unbound ringlet_evtchn_alloc_unbound
#pragma redefine_extname evtchn_bind_interdomain ringlet_evtchn_bind_interdomain
#pragma redefine_extname evtchn_bind_virq ringlet_evtchn_bind_virq
#pragma redefine_extname evtchn_bind_existing ringlet_evtchn_bind_existing
#pragma redefine_extname evtchn_unmask ringlet_evtchn_unmask
#pragma redefine_extname evtchn_mask ringlet_evtchn_mask
#pragma redefine_extname evtchn_notify ringlet_evtchn_notify
#pragma redefine_extname evtchn_close ringlet_evtchn_close
#pragma redefine_extname evtchn_get_stats ringlet_evtchn_get_stats

/* foreign.h */
#pragma redefine_extname foreign_map ringlet_foreign_map
#pragma redefine_extname foreign_map_resource ringlet_foreign_map_resource
#pragma redefine_extname foreign_unmap ringlet_foreign_unmap
#pragma redefine_extname foreign_get_stats ringlet_foreign_get_stats

/* foreign_cache.h */
#pragma redefine_extname foreign_cache_create ringlet_foreign_cache_create
#pragma redefine_extname foreign_cache_destroy ringlet_foreign_cache_destroy
#pragma redefine_extname foreign_cache_invalidate ringlet_foreign_cache_invalidate
#pragma redefine_extname foreign_read ringlet_foreign_read
#pragma redefine_extname foreign_write ringlet_foreign_write
#pragma redefine_extname foreign_cache_get_stats ringlet_foreign_cache_get_stats

/* format.h */
#pragma redefine_extname format ringlet_format
#pragma redefine_extname vformat ringlet_vformat
#pragma redefine_extname parse_u64 ringlet_parse_u64
#pragma redefine_extname parse_size ringlet_parse_size
#pragma redefine_extname parse_duration ringlet_parse_duration
#pragma redefine_extname format_bytes ringlet_format_bytes

/* grant_map.h */
#pragma redefine_extname grant_map ringlet_grant_map
#pragma redefine_extname grant_unmap ringlet_grant_unmap
#pragma redefine_extname grant_map_get_stats ringlet_grant_map_get_stats

/* grant_table.h */
#pragma redefine_extname gnttab_grant ringlet_gnttab_grant
#pragma redefine_extname gnttab_grant_frame ringlet_gnttab_grant_frame
#pragma redefine_extname gnttab_end ringlet_gnttab_end
#pragma redefine_extname gnttab_busy ringlet_gnttab_busy
#pragma redefine_extname gnttab_quarantine ringlet_gnttab_quarantine
#pragma redefine_extname gnttab_end_or_quarantine ringlet_gnttab_end_or_quarantine
#pragma redefine_extname gnttab_wait ringlet_gnttab_wait
#pragma redefine_extname gnttab_wait_cancel ringlet_gnttab_wait_cancel
#pragma redefine_extname gnttab_available ringlet_gnttab_available
#pragma redefine_extname gnttab_get_stats ringlet_gnttab_get_stats

/* guest.h */
#pragma redefine_extname guest_get_info ringlet_guest_get_info

/* heap.h */
#pragma redefine_extname heap_alloc ringlet_heap_alloc
#pragma redefine_extname heap_zalloc ringlet_heap_zalloc
#pragma redefine_extname heap_free ringlet_heap_free
#pragma redefine_extname heap_size ringlet_heap_size
#pragma redefine_extname heap_strndup ringlet_heap_strndup
#pragma redefine_extname heap_get_stats ringlet_heap_get_stats

/* histogram.h */
#pragma redefine_extname histogram_reset ringlet_histogram_reset
#pragma redefine_extname histogram_add ringlet_histogram_add
#pragma redefine_extname histogram_percentile ringlet_histogram_percentile
#pragma redefine_extname histogram_bucket_last ringlet_histogram_bucket_last

/* json.h */
#pragma redefine_extname json_begin ringlet_json_begin
#pragma redefine_extname json_end ringlet_json_end
#pragma redefine_extname json_str ringlet_json_str
#pragma redefine_extname json_u64 ringlet_json_u64
#pragma redefine_extname json_i64 ringlet_json_i64
#pragma redefine_extname json_bool ringlet_json_bool
#pragma redefine_extname json_object ringlet_json_object
#pragma redefine_extname json_object_end ringlet_json_object_end
#pragma redefine_extname json_array ringlet_json_array
#pragma redefine_extname json_array_end ringlet_json_array_end
#pragma redefine_extname json_print_result ringlet_json_print_result

/* netfront.h */
#pragma redefine_extname netfront_rx_copy ringlet_netfront_rx_copy
#pragma redefine_extname netfront_buffer_keep ringlet_netfront_buffer_keep
#pragma redefine_extname netfront_buffer_release ringlet_netfront_buffer_release
#pragma redefine_extname netfront_send ringlet_netfront_send
#pragma redefine_extname netfront_flush ringlet_netfront_flush
#pragma redefine_extname netfront_mem_alloc ringlet_netfront_mem_alloc
#pragma redefine_extname netfront_mem_free ringlet_netfront_mem_free
#pragma redefine_extname netfront_mem_size ringlet_netfront_mem_size
#pragma redefine_extname netfront_mem_limit ringlet_netfront_mem_limit
#pragma redefine_extname netfront_mem_add ringlet_netfront_mem_add
#pragma redefine_extname netfront_mem_remove ringlet_netfront_mem_remove
#pragma redefine_extname netfront_mem_busy ringlet_netfront_mem_busy
#pragma redefine_extname netfront_open_device ringlet_netfront_open_device
#pragma redefine_extname shutdown_netfront ringlet_shutdown_netfront
#pragma redefine_extname netfront_poll ringlet_netfront_poll
#pragma redefine_extname netfront_enumerate ringlet_netfront_enumerate
#pragma redefine_extname netfront_multicast ringlet_netfront_multicast
#pragma redefine_extname netfront_get_limits ringlet_netfront_get_limits
#pragma redefine_extname netfront_get_stats ringlet_netfront_get_stats
#pragma redefine_extname netfront_stats_json ringlet_netfront_stats_json
#pragma redefine_extname netfront_watch ringlet_netfront_watch
#pragma redefine_extname netfront_unwatch ringlet_netfront_unwatch

/* page.h */
#pragma redefine_extname mem_class_name ringlet_mem_class_name
#pragma redefine_extname page_alloc ringlet_page_alloc
#pragma redefine_extname page_alloc_zeroed ringlet_page_alloc_zeroed
#pragma redefine_extname page_free ringlet_page_free
#pragma redefine_extname page_pin ringlet_page_pin
#pragma redefine_extname page_unpin ringlet_page_unpin
#pragma redefine_extname page_is_pinned ringlet_page_is_pinned
#pragma redefine_extname page_guard ringlet_page_guard
#pragma redefine_extname page_frame ringlet_page_frame
#pragma redefine_extname page_get_stats ringlet_page_get_stats

/* panic.h */
#pragma redefine_extname panic ringlet_panic

/* printk.h */
#pragma redefine_extname printk ringlet_printk
#pragma redefine_extname print_raw ringlet_print_raw
#pragma redefine_extname print_text ringlet_print_text
#pragma redefine_extname printk_set_level ringlet_printk_set_level
#pragma redefine_extname printk_level ringlet_printk_level
#pragma redefine_extname printk_drain ringlet_printk_drain

/* probe.h */
#pragma redefine_extname probe_print ringlet_probe_print

/* shutdown.h */
#pragma redefine_extname shutdown_register ringlet_shutdown_register
#pragma redefine_extname domain_shutdown ringlet_domain_shutdown
#pragma redefine_extname domain_exit ringlet_domain_exit
#pragma redefine_extname shutdown_requested ringlet_shutdown_requested
#pragma redefine_extname shutdown_on_request ringlet_shutdown_on_request

/* suspend.h */
#pragma redefine_extname suspend_register ringlet_suspend_register
#pragma redefine_extname domain_suspend ringlet_domain_suspend
#pragma redefine_extname suspend_count ringlet_suspend_count
#pragma redefine_extname suspend_forbid ringlet_suspend_forbid
#pragma redefine_extname suspend_permit ringlet_suspend_permit

/* thread.h */
#pragma redefine_extname thread_create ringlet_thread_create
#pragma redefine_extname thread_join ringlet_thread_join
#pragma redefine_extname thread_detach ringlet_thread_detach
#pragma redefine_extname thread_exit ringlet_thread_exit
#pragma redefine_extname thread_current ringlet_thread_current
#pragma redefine_extname thread_name ringlet_thread_name
#pragma redefine_extname thread_set_name ringlet_thread_set_name
#pragma redefine_extname thread_stack ringlet_thread_stack
#pragma redefine_extname thread_set_data ringlet_thread_set_data
#pragma redefine_extname thread_on_end ringlet_thread_on_end
#pragma redefine_extname thread_running ringlet_thread_running
#pragma redefine_extname thread_yield ringlet_thread_yield
#pragma redefine_extname thread_relax ringlet_thread_relax
#pragma redefine_extname thread_poll_events ringlet_thread_poll_events
#pragma redefine_extname thread_sleep ringlet_thread_sleep
#pragma redefine_extname thread_set_deadline ringlet_thread_set_deadline
#pragma redefine_extname thread_deadline ringlet_thread_deadline
#pragma redefine_extname in_handler ringlet_in_handler
#pragma redefine_extname wait_queue_init ringlet_wait_queue_init
#pragma redefine_extname wait_on ringlet_wait_on
#pragma redefine_extname wait_on_any ringlet_wait_on_any
#pragma redefine_extname thread_interrupt ringlet_thread_interrupt
#pragma redefine_extname wait_on_own ringlet_wait_on_own
#pragma redefine_extname wake_one ringlet_wake_one
#pragma redefine_extname wake_all ringlet_wake_all
#pragma redefine_extname mutex_init ringlet_mutex_init
#pragma redefine_extname mutex_lock ringlet_mutex_lock
#pragma redefine_extname mutex_lock_own ringlet_mutex_lock_own
#pragma redefine_extname mutex_unlock ringlet_mutex_unlock
#pragma redefine_extname mutex_trylock ringlet_mutex_trylock
#pragma redefine_extname semaphore_init ringlet_semaphore_init
#pragma redefine_extname semaphore_down ringlet_semaphore_down
#pragma redefine_extname semaphore_up ringlet_semaphore_up

/* vchan.h */
#pragma redefine_extname vchan_listen ringlet_vchan_listen
#pragma redefine_extname vchan_on_event ringlet_vchan_on_event
#pragma redefine_extname vchan_connection ringlet_vchan_connection
#pragma redefine_extname vchan_receive ringlet_vchan_receive
#pragma redefine_extname vchan_send ringlet_vchan_send
#pragma redefine_extname vchan_close ringlet_vchan_close
#pragma redefine_extname vchan_get_stats ringlet_vchan_get_stats

/* vmem.h */
#pragma redefine_extname vmem_alloc ringlet_vmem_alloc
#pragma redefine_extname vmem_free ringlet_vmem_free
#pragma redefine_extname vmem_size ringlet_vmem_size

/* xen.h */
#pragma redefine_extname hypercall ringlet_hypercall

/* xenstore.h */
#pragma redefine_extname xs_read ringlet_xs_read
#pragma redefine_extname xs_write ringlet_xs_write
#pragma redefine_extname xs_printf ringlet_xs_printf
#pragma redefine_extname xs_mkdir ringlet_xs_mkdir
#pragma redefine_extname xs_rm ringlet_xs_rm
#pragma redefine_extname xs_list ringlet_xs_list
#pragma redefine_extname xs_set_permissions ringlet_xs_set_permissions
#pragma redefine_extname xs_get_permissions ringlet_xs_get_permissions
#pragma redefine_extname xs_watch_path ringlet_xs_watch_path
#pragma redefine_extname xs_get_domain_path ringlet_xs_get_domain_path
#pragma redefine_extname xs_read_u64 ringlet_xs_read_u64
#pragma redefine_extname xs_printable ringlet_xs_printable
#pragma redefine_extname xs_watch ringlet_xs_watch
#pragma redefine_extname xs_batch ringlet_xs_batch
#pragma redefine_extname xs_batch_free ringlet_xs_batch_free
#pragma redefine_extname xs_item_u64 ringlet_xs_item_u64
#pragma redefine_extname xs_transaction ringlet_xs_transaction
#pragma redefine_extname xs_transaction_from ringlet_xs_transaction_from
#pragma redefine_extname xs_transaction_drop ringlet_xs_transaction_drop
#pragma redefine_extname xs_unwatch ringlet_xs_unwatch
#pragma redefine_extname xs_watch_wait ringlet_xs_watch_wait
#pragma redefine_extname xs_get_stats ringlet_xs_get_stats

#endif
