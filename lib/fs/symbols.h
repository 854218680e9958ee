/* SPDX-License-Identifier: MIT */
/*
 * The global symbols of lib/fs have the prefix "ringlet_" in an object file, so that an application
 * may have its own fd_get() or random_bytes(): see ringlet/symbols.h. tests/exports/check-fs compares
 * this list with the objects.
 */
#ifndef RINGLET_FS_SYMBOLS_H
#define RINGLET_FS_SYMBOLS_H

/* blockdev.h */
#pragma redefine_extname blockdev_open ringlet_blockdev_open
#pragma redefine_extname blockdev_attach ringlet_blockdev_attach
#pragma redefine_extname blockdev_handle ringlet_blockdev_handle
#pragma redefine_extname blockdev_disk ringlet_blockdev_disk
#pragma redefine_extname blockdev_configure ringlet_blockdev_configure

/* chacha20.h */
#pragma redefine_extname chacha20_block ringlet_chacha20_block

/* cwd.h */
#pragma redefine_extname cwd_path_of ringlet_cwd_path_of

/* devfs.h */
#pragma redefine_extname devfs_create ringlet_devfs_create
#pragma redefine_extname devfs_add ringlet_devfs_add

/* devfs_private.h */
#pragma redefine_extname devices_add_builtin ringlet_devices_add_builtin
#pragma redefine_extname devdir_open ringlet_devdir_open
#pragma redefine_extname devfs_find ringlet_devfs_find
#pragma redefine_extname devfs_standard ringlet_devfs_standard
#pragma redefine_extname devfs_ino ringlet_devfs_ino
#pragma redefine_extname devfs_each_name ringlet_devfs_each_name
#pragma redefine_extname devfs_reset ringlet_devfs_reset

/* fd.h */
#pragma redefine_extname fd_install ringlet_fd_install
#pragma redefine_extname fd_room ringlet_fd_room
#pragma redefine_extname fd_get ringlet_fd_get
#pragma redefine_extname fd_file ringlet_fd_file
#pragma redefine_extname fd_changes ringlet_fd_changes
#pragma redefine_extname fd_close ringlet_fd_close
#pragma redefine_extname fd_dup ringlet_fd_dup
#pragma redefine_extname fd_dup2 ringlet_fd_dup2
#pragma redefine_extname fd_get_flags ringlet_fd_get_flags
#pragma redefine_extname fd_set_flags ringlet_fd_set_flags
#pragma redefine_extname fd_next ringlet_fd_next
#pragma redefine_extname fd_close_all ringlet_fd_close_all
#pragma redefine_extname fd_directory ringlet_fd_directory
#pragma redefine_extname fd_reset ringlet_fd_reset

/* file.h */
#pragma redefine_extname file_alloc ringlet_file_alloc
#pragma redefine_extname file_get ringlet_file_get
#pragma redefine_extname file_put ringlet_file_put
#pragma redefine_extname file_read ringlet_file_read
#pragma redefine_extname file_write ringlet_file_write
#pragma redefine_extname file_readv ringlet_file_readv
#pragma redefine_extname file_writev ringlet_file_writev
#pragma redefine_extname file_pread ringlet_file_pread
#pragma redefine_extname file_pwrite ringlet_file_pwrite
#pragma redefine_extname file_preadv ringlet_file_preadv
#pragma redefine_extname file_pwritev ringlet_file_pwritev
#pragma redefine_extname file_seek ringlet_file_seek
#pragma redefine_extname file_ioctl ringlet_file_ioctl
#pragma redefine_extname file_stat ringlet_file_stat
#pragma redefine_extname file_truncate ringlet_file_truncate
#pragma redefine_extname file_sync ringlet_file_sync
#pragma redefine_extname file_allocate ringlet_file_allocate
#pragma redefine_extname file_readdir ringlet_file_readdir
#pragma redefine_extname file_set_flags ringlet_file_set_flags
#pragma redefine_extname file_lock ringlet_file_lock
#pragma redefine_extname file_unlock_hook ringlet_file_unlock_hook
#pragma redefine_extname file_wait ringlet_file_wait
#pragma redefine_extname file_wait_any ringlet_file_wait_any
#pragma redefine_extname file_wait_hook ringlet_file_wait_hook

/* fs.h */
#pragma redefine_extname node_init ringlet_node_init
#pragma redefine_extname node_get ringlet_node_get
#pragma redefine_extname node_put ringlet_node_put
#pragma redefine_extname fs_mount ringlet_fs_mount
#pragma redefine_extname fs_unmount ringlet_fs_unmount
#pragma redefine_extname fs_sync ringlet_fs_sync
#pragma redefine_extname fs_each_mount ringlet_fs_each_mount

/* memfs.h */
#pragma redefine_extname memfs_create ringlet_memfs_create

/* memfs_node.h */
#pragma redefine_extname memfs_alloc ringlet_memfs_alloc
#pragma redefine_extname memfs_free ringlet_memfs_free
#pragma redefine_extname memnode_create ringlet_memnode_create
#pragma redefine_extname memnode_unused ringlet_memnode_unused
#pragma redefine_extname memdir_find ringlet_memdir_find
#pragma redefine_extname memdir_add ringlet_memdir_add
#pragma redefine_extname memdir_replace ringlet_memdir_replace
#pragma redefine_extname memdir_remove ringlet_memdir_remove
#pragma redefine_extname memdir_at ringlet_memdir_at
#pragma redefine_extname memdir_free ringlet_memdir_free
#pragma redefine_extname memfs_file_ops ringlet_memfs_file_ops
#pragma redefine_extname memfs_dir_ops ringlet_memfs_dir_ops
#pragma redefine_extname memfile_free ringlet_memfile_free
#pragma redefine_extname memfs_make ringlet_memfs_make
#pragma redefine_extname memfs_destroy ringlet_memfs_destroy

/* mount.h */
#pragma redefine_extname mounts ringlet_mounts
#pragma redefine_extname mount_root ringlet_mount_root
#pragma redefine_extname mount_down ringlet_mount_down
#pragma redefine_extname mount_up ringlet_mount_up
#pragma redefine_extname mount_change_begin ringlet_mount_change_begin
#pragma redefine_extname mount_change_end ringlet_mount_change_end
#pragma redefine_extname mount_cwd ringlet_mount_cwd
#pragma redefine_extname mount_set_cwd ringlet_mount_set_cwd
#pragma redefine_extname mount_defaults ringlet_mount_defaults
#pragma redefine_extname mount_reset ringlet_mount_reset

/* pages.h */
#pragma redefine_extname pages_get ringlet_pages_get
#pragma redefine_extname pages_make ringlet_pages_make
#pragma redefine_extname pages_drop ringlet_pages_drop

/* path.h */
#pragma redefine_extname path_lookup ringlet_path_lookup
#pragma redefine_extname path_open ringlet_path_open
#pragma redefine_extname path_stat ringlet_path_stat
#pragma redefine_extname node_stat ringlet_node_stat
#pragma redefine_extname path_access ringlet_path_access
#pragma redefine_extname path_setattr ringlet_path_setattr
#pragma redefine_extname node_setattr ringlet_node_setattr
#pragma redefine_extname path_truncate ringlet_path_truncate
#pragma redefine_extname path_mkdir ringlet_path_mkdir
#pragma redefine_extname path_rmdir ringlet_path_rmdir
#pragma redefine_extname path_unlink ringlet_path_unlink
#pragma redefine_extname path_link ringlet_path_link
#pragma redefine_extname path_symlink ringlet_path_symlink
#pragma redefine_extname path_readlink ringlet_path_readlink
#pragma redefine_extname path_rename ringlet_path_rename
#pragma redefine_extname path_statfs ringlet_path_statfs
#pragma redefine_extname node_statfs ringlet_node_statfs
#pragma redefine_extname path_chdir ringlet_path_chdir
#pragma redefine_extname path_chdir_node ringlet_path_chdir_node
#pragma redefine_extname path_getcwd ringlet_path_getcwd

/* pipe.h */
#pragma redefine_extname pipe_create ringlet_pipe_create
#pragma redefine_extname eventfd_create ringlet_eventfd_create
#pragma redefine_extname timerfd_create ringlet_timerfd_create
#pragma redefine_extname timerfd_set ringlet_timerfd_set
#pragma redefine_extname timerfd_get ringlet_timerfd_get

/* poll.h */
#pragma redefine_extname poll_wait_on ringlet_poll_wait_on
#pragma redefine_extname file_poll ringlet_file_poll

/* random.h */
#pragma redefine_extname random_bytes ringlet_random_bytes
#pragma redefine_extname random_mix ringlet_random_mix

/* random_private.h */
#pragma redefine_extname random_set_source ringlet_random_set_source

/* romfs.h */
#pragma redefine_extname romfs_create ringlet_romfs_create

/* socket.h */
#pragma redefine_extname socket_init ringlet_socket_init
#pragma redefine_extname socket_take_error ringlet_socket_take_error
#pragma redefine_extname socket_wait ringlet_socket_wait
#pragma redefine_extname socket_deadline ringlet_socket_deadline
#pragma redefine_extname socket_file ringlet_socket_file
#pragma redefine_extname socket_of ringlet_socket_of
#pragma redefine_extname socket_accept ringlet_socket_accept
#pragma redefine_extname socket_send ringlet_socket_send
#pragma redefine_extname socket_receive ringlet_socket_receive
#pragma redefine_extname socketpair_create ringlet_socketpair_create

/* tar.h */
#pragma redefine_extname tar_begin ringlet_tar_begin
#pragma redefine_extname tar_is_one ringlet_tar_is_one
#pragma redefine_extname tar_next ringlet_tar_next

/* tty.h */
#pragma redefine_extname tty_open ringlet_tty_open
#pragma redefine_extname file_is_tty ringlet_file_is_tty
#pragma redefine_extname tty_get ringlet_tty_get
#pragma redefine_extname tty_set ringlet_tty_set
#pragma redefine_extname tty_flush ringlet_tty_flush
#pragma redefine_extname tty_on_signal ringlet_tty_on_signal

/* tty_private.h */
#pragma redefine_extname tty_line ringlet_tty_line
#pragma redefine_extname tty_line_reset ringlet_tty_line_reset
#pragma redefine_extname tty_line_set ringlet_tty_line_set
#pragma redefine_extname tty_line_flush ringlet_tty_line_flush
#pragma redefine_extname tty_line_input ringlet_tty_line_input
#pragma redefine_extname tty_line_room ringlet_tty_line_has_room
#pragma redefine_extname tty_line_available ringlet_tty_line_available
#pragma redefine_extname tty_line_ready ringlet_tty_line_ready
#pragma redefine_extname tty_line_take ringlet_tty_line_take
#pragma redefine_extname tty_attach ringlet_tty_attach
#pragma redefine_extname tty_reset ringlet_tty_reset

/* walk.h */
#pragma redefine_extname walk_parent ringlet_walk_parent
#pragma redefine_extname walk_end ringlet_walk_end
#pragma redefine_extname walk_is_dots ringlet_walk_is_dots
#pragma redefine_extname walk_last ringlet_walk_last
#pragma redefine_extname walk_follow ringlet_walk_follow

#endif
